"""Rows as a database treats them: stored by value, found by their contents."""

from collections.abc import Mapping, Sequence
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


def only(row: Mapping[str, Any], fields: Sequence[str]) -> dict[str, Any]:
    """The row with its id and these fields, as far as it has them; inside a list, each row of the list is cut in the same way."""
    below: dict[str, list[str]] = {}
    for name in ("_id", *fields):
        first, _, rest = name.partition(".")
        below.setdefault(first, []).extend([rest] if rest else [])
    return {name: _cut(row[name], below[name]) for name in row if name in below}


def _cut(value: Any, fields: Sequence[str]) -> Any:
    if not fields:
        return value
    if isinstance(value, list):
        return [_cut(one, fields) for one in value if isinstance(one, Mapping)]
    return (
        {name: part for name, part in only(value, fields).items() if name != "_id"}
        if isinstance(value, Mapping)
        else {}
    )


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
