"""Whether a changed schema keeps the promise: old readers read new facts, and new readers read old ones."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from contracts.acceptance import Unread, unread
from contracts.schemas import Schema, opened

BACKWARD = "what was said before could not be read any more"
FORWARD = "who reads today could not read what will be said"
POLICY = "the policy forbids it"
FINE = "allowed"


@dataclass(frozen=True)
class Finding:
    """One difference: where it is, what it is, and which promise it would break."""

    path: str
    text: str
    verdict: str

    @property
    def allowed(self) -> bool:
        """Whether the difference may be published."""
        return self.verdict == FINE

    def __str__(self) -> str:
        return f"{self.path}: {self.text}" + ("" if self.allowed else f" ({self.verdict})")


def compare(before: Schema, after: Schema) -> list[Finding]:
    """Every difference between two producer schemas, the forbidden ones first; empty when nothing changed."""
    backward = [Finding(*_words(one), BACKWARD) for one in unread(opened(after), before)]
    forward = [Finding(*_words(one), FORWARD) for one in unread(opened(before), after)]
    others = list(_differences(before, after, ""))
    forbidden = [one for one in others if not one.allowed]
    return [*backward, *forward, *forbidden, *(one for one in others if one.allowed)]


def breaks(before: Schema, after: Schema) -> list[Finding]:
    """The differences that must not be published."""
    return [one for one in compare(before, after) if not one.allowed]


def _words(one: Unread) -> tuple[str, str]:
    return one.path or "the body", one.text


def _differences(before: Any, after: Any, path: str) -> Iterator[Finding]:
    """What readers may be glad or sorry about though every value can still be read."""
    if not isinstance(before, dict) or not isinstance(after, dict):
        return
    yield from _annotations(before, after, path or "the body")
    old, new = before.get("properties", {}), after.get("properties", {})
    for name in old.keys() | new.keys():
        inner = f"{path}.{name}" if path else name
        if name not in new:
            yield Finding(inner, "is removed; stop filling it and keep it in the schema", POLICY)
        elif name not in old:
            optional = name not in after.get("required", ())
            yield Finding(inner, f"is added, {'optional' if optional else 'required'}", FINE)
        else:
            yield from _differences(old[name], new[name], inner)
    if "items" in before and "items" in after:
        yield from _differences(before["items"], after["items"], f"{path}[]")


def _annotations(before: Schema, after: Schema, path: str) -> Iterator[Finding]:
    nothing = object()
    if before.get("default", nothing) != after.get("default", nothing):
        yield Finding(path, "has another default, so records without the field change their meaning", POLICY)
    if before.get("description") != after.get("description"):
        yield Finding(path, "is described in other words", FINE)
    if after.get("deprecated") and not before.get("deprecated"):
        yield Finding(path, "is deprecated", FINE)
