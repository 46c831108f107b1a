"""A strict reader of rule files: every error names the place and says what to write there."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any, TypeVar

from subsidies.domain.pack import BadPack

E = TypeVar("E", bound=StrEnum)
CODE = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
MOST_CENTS = 10**12


@dataclass(frozen=True)
class Node:
    """One value of a rule file and its place in it: the pack's name and the way there."""

    raw: Any
    name: str
    path: tuple[str | int, ...] = ()

    @property
    def place(self) -> str:
        """The place as it is told."""
        steps = (f"[{step}]" if isinstance(step, int) else f".{step}" for step in self.path)
        return self.name + "".join(steps)

    def fail(self, fix: str) -> BadPack:
        """The error to raise when this value cannot be used."""
        return BadPack(f"{self.place}: {fix}, not {self.raw!r}", self.path)

    def fields(self, required: Iterable[str], optional: Iterable[str] = ()) -> dict[str, "Node"]:
        """The fields of a mapping, which has all of the required ones and no other; an absent optional is null."""
        if not isinstance(self.raw, Mapping):
            raise self.fail("write a mapping")
        known = [*required, *optional]
        unknown = [str(name) for name in self.raw if name not in known]
        missing = [name for name in required if name not in self.raw]
        if unknown or missing:
            raise BadPack(
                f"{self.place}: fields missing: {', '.join(missing) or 'none'}; "
                f"unknown: {', '.join(unknown) or 'none'}; known are {', '.join(known)}",
                (*self.path, *unknown[:1]),
            )
        return {name: Node(self.raw.get(name), self.name, (*self.path, name)) for name in known}

    def rows(self) -> "list[Node]":
        """The entries of a list that is not empty."""
        if not isinstance(self.raw, Sequence) or isinstance(self.raw, str) or not self.raw:
            raise self.fail("write a list of at least one entry")
        return [Node(row, self.name, (*self.path, number)) for number, row in enumerate(self.raw)]

    def text(self) -> str:
        """A text that is not empty."""
        if not isinstance(self.raw, str) or not self.raw.strip():
            raise self.fail("write a text")
        return self.raw

    def code(self) -> str:
        """A code, which events and other files can carry."""
        if not CODE.fullmatch(self.text()):
            raise self.fail("write a code: lowercase letters, digits, dot, dash and underscore, at most 64")
        return self.text()

    def whole(self, least: int = 0, most: int = MOST_CENTS) -> int:
        """A whole number; a number with a decimal point is refused, because money is integer cents."""
        if type(self.raw) is not int or not least <= self.raw <= most:
            raise self.fail(f"write a whole number of at least {least} and at most {most} (money in cents)")
        return self.raw

    def day(self) -> date:
        """A day as YYYY-MM-DD."""
        try:
            return date.fromisoformat(self.text() if DAY.fullmatch(self.text()) else "")
        except ValueError as error:
            raise self.fail("write a day as YYYY-MM-DD") from error

    def one_of(self, choices: type[E]) -> E:
        """One of the words of a list."""
        try:
            return choices(self.text())
        except ValueError as error:
            raise self.fail(f"write one of {', '.join(choices)}") from error

    @property
    def empty(self) -> bool:
        """Whether nothing is written here."""
        return self.raw is None
