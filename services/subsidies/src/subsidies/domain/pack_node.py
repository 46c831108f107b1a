"""Strict access to the parsed nodes of a rule pack: every error names the place and the fix."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any, TypeVar

from subsidies.domain.packs import InvalidPack

E = TypeVar("E", bound=StrEnum)
CODE = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
MOST_CENTS = 10**12


@dataclass(frozen=True)
class Node:
    """One value of a rule pack with its place: the pack's name and the key path."""

    raw: Any
    name: str
    path: tuple[str | int, ...] = ()

    @property
    def place(self) -> str:
        """The pack's name and the key path, such as `crs-2019.tracks[0].code`."""
        steps = (f"[{step}]" if isinstance(step, int) else f".{step}" for step in self.path)
        return self.name + "".join(steps)

    def error(self, fix: str) -> InvalidPack:
        """The error for an invalid value; the caller raises it."""
        return InvalidPack(f"{self.place}: {fix}, not {self.raw!r}", self.path)

    def fields(self, required: Iterable[str], optional: Iterable[str] = ()) -> dict[str, "Node"]:
        """The fields of a mapping; raises InvalidPack for missing and unknown ones. An absent optional field is null."""
        if not isinstance(self.raw, Mapping):
            raise self.error("write a mapping")
        known = [*required, *optional]
        unknown = [str(name) for name in self.raw if name not in known]
        missing = [name for name in required if name not in self.raw]
        if unknown or missing:
            raise InvalidPack(
                f"{self.place}: fields missing: {', '.join(missing) or 'none'}; "
                f"unknown: {', '.join(unknown) or 'none'}; known are {', '.join(known)}",
                (*self.path, *unknown[:1]),
            )
        return {name: Node(self.raw.get(name), self.name, (*self.path, name)) for name in known}

    def rows(self) -> "list[Node]":
        """The entries of a non-empty list."""
        if not isinstance(self.raw, Sequence) or isinstance(self.raw, str) or not self.raw:
            raise self.error("write a list of at least one entry")
        return [Node(row, self.name, (*self.path, number)) for number, row in enumerate(self.raw)]

    def text(self) -> str:
        """A non-empty text."""
        if not isinstance(self.raw, str) or not self.raw.strip():
            raise self.error("write a text")
        return self.raw

    def code(self) -> str:
        """A code in the form that events and other files use."""
        if not CODE.fullmatch(self.text()):
            raise self.error("write a code: lowercase letters, digits, dot, dash and underscore, at most 64")
        return self.text()

    def integer(self, least: int = 0, most: int = MOST_CENTS) -> int:
        """A whole number in the range; a decimal point is an error, because money is in integer cents."""
        if type(self.raw) is not int or not least <= self.raw <= most:
            raise self.error(f"write a whole number of at least {least} and at most {most} (money in cents)")
        return self.raw

    def day(self) -> date:
        """A day as YYYY-MM-DD."""
        try:
            return date.fromisoformat(self.text() if DAY.fullmatch(self.text()) else "")
        except ValueError as error:
            raise self.error("write a day as YYYY-MM-DD") from error

    def one_of(self, choices: type[E]) -> E:
        """One member of an enumeration."""
        try:
            return choices(self.text())
        except ValueError as error:
            raise self.error(f"write one of {', '.join(choices)}") from error

    @property
    def is_null(self) -> bool:
        """Whether the value is null or absent."""
        return self.raw is None
