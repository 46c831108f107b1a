"""The compatibility of two schemas: old readers must read new events, and new readers old events."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from contracts.acceptance import Unread, unread
from contracts.schemas import Schema, opened

BACKWARD = "new readers cannot read old events"
FORWARD = "old readers cannot read new events"
POLICY = "the policy forbids it"
FINE = "allowed"


@dataclass(frozen=True)
class Finding:
    """One difference: its path, its description, and the compatibility that it breaks."""

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
    """All differences between two producer schemas, the forbidden ones first."""
    backward = [Finding(*_words(one), BACKWARD) for one in unread(opened(after), before)]
    forward = [Finding(*_words(one), FORWARD) for one in unread(opened(before), after)]
    others = list(_differences(before, after, ""))
    forbidden = [one for one in others if not one.allowed]
    return [*backward, *forward, *forbidden, *(one for one in others if one.allowed)]


def breaks(before: Schema, after: Schema) -> list[Finding]:
    """The forbidden differences."""
    return [one for one in compare(before, after) if not one.allowed]


def _words(one: Unread) -> tuple[str, str]:
    return one.path or "the body", one.text


def _differences(before: Any, after: Any, path: str) -> Iterator[Finding]:
    """The differences that do not affect whether values can be read."""
    if not isinstance(before, dict) or not isinstance(after, dict):
        return
    yield from _annotations(before, after, path or "the body")
    old, new = before.get("properties", {}), after.get("properties", {})
    for name in old.keys() | new.keys():
        inner = f"{path}.{name}" if path else name
        if name not in new:
            yield Finding(inner, "is removed; keep it in the schema and stop writing it", POLICY)
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
        yield Finding(
            path, "has another default, which changes the meaning of records without the field", POLICY
        )
    if before.get("description") != after.get("description"):
        yield Finding(path, "has another description", FINE)
    if after.get("deprecated") and not before.get("deprecated"):
        yield Finding(path, "is deprecated", FINE)
