"""Rows as a database treats them: stored by value, found by their contents."""

from collections.abc import Mapping
from typing import Any

from chassis.documents import AllOf, AnyOf, AtLeast, AtMost, Between
from chassis.errors import Poison

_NESTED = (dict, list, tuple)


def storable(value: Any) -> Any:
    """A copy of a row, if a real store accepts it: 64-bit integers, text that is valid in UTF-8; raises Poison."""
    kind = type(value)
    if kind is str and not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError as error:
            raise Poison("the store cannot keep it: UnicodeEncodeError") from error
    elif kind is int and not -(2**63) <= value < 2**63:
        raise Poison("the store cannot keep it: OverflowError")
    elif kind is dict:
        return {name: storable(part) for name, part in value.items()}
    elif kind in (list, tuple):
        return [storable(part) for part in value]
    return value


def copied(value: Any) -> Any:
    """A deep copy of a row's containers."""
    if isinstance(value, dict):
        return {name: copied(part) if type(part) in _NESTED else part for name, part in value.items()}
    return [copied(part) for part in value] if isinstance(value, list | tuple) else value


def path(row: Mapping[str, Any], name: str) -> Any:
    """The value under a dotted name, None when it is missing."""
    if "." not in name:
        return row.get(name)
    value: Any = row
    for part in name.split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    return value


def matches(row: Mapping[str, Any], where: Mapping[str, Any]) -> bool:
    """Whether a row satisfies the conditions."""
    return all(_holds(path(row, name), wanted) for name, wanted in where.items())


def _holds(value: Any, wanted: Any) -> bool:
    """Whether a value satisfies one condition; a list does when one of its values does."""
    if isinstance(wanted, AllOf):
        return isinstance(value, list) and all(one in value for one in wanted.values)
    if isinstance(value, list) and not isinstance(wanted, list):
        return any(_holds(one, wanted) for one in value)
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
    """A sort key: missing values come first."""
    return (value is not None, value)
