"""Rows as a database sees them: kept by value, found by what they hold."""

from collections.abc import Mapping
from typing import Any

from chassis.documents import AnyOf, AtLeast, AtMost, Between
from chassis.errors import Poison

_NESTED = (dict, list, tuple)


def kept(value: Any) -> Any:
    """A row of its own, if a real store could keep it: 64-bit numbers, text that has a form in UTF-8."""
    kind = type(value)
    if kind is str and not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError as error:
            raise Poison("the store cannot keep it: UnicodeEncodeError") from error
    elif kind is int and not -(2**63) <= value < 2**63:
        raise Poison("the store cannot keep it: OverflowError")
    elif kind is dict:
        return {name: kept(part) for name, part in value.items()}
    elif kind in (list, tuple):
        return [kept(part) for part in value]
    return value


def copied(value: Any) -> Any:
    """A row of its own: what a row is made of is rebuilt, what it holds cannot change."""
    if isinstance(value, dict):
        return {name: copied(part) if type(part) in _NESTED else part for name, part in value.items()}
    return [copied(part) for part in value] if isinstance(value, list | tuple) else value


def path(row: Mapping[str, Any], name: str) -> Any:
    """What a row has under a dotted name, None when there is nothing."""
    if "." not in name:
        return row.get(name)
    value: Any = row
    for part in name.split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    return value


def matches(row: Mapping[str, Any], where: Mapping[str, Any]) -> bool:
    """Whether a row is as asked for."""
    return all(_holds(path(row, name), wanted) for name, wanted in where.items())


def _holds(value: Any, wanted: Any) -> bool:
    match wanted:
        case AnyOf(values):
            return value in values
        case AtMost(limit):
            return value is not None and value <= limit
        case AtLeast(limit):
            return value is not None and value >= limit
        case Between(first, last):
            return value is not None and first <= value <= last
        case _:
            return bool(value == wanted)


def sortable(value: Any) -> tuple[bool, Any]:
    """A value in its order; what is missing comes first."""
    return (value is not None, value)
