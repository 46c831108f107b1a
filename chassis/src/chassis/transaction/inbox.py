"""Receipts: the rows of the inbox that say what was handled, under the name that its input has now or had before."""

from collections.abc import Mapping, Sequence

from chassis.documents import Raw
from chassis.transaction.inputs import Input, Source

# Until 21 days after the last process of a build without `Input.name`: a command's receipt was named by the caller's id
# alone, where a receipt of an event may lie too. Only a command's has a fingerprint.


def asked(inputs: Sequence[Input]) -> list[str]:
    """The names under which receipts of these inputs may lie."""
    return [name for item in inputs if item.consumes is None for name in (item.name, *_former(item))]


def resolved(inputs: Sequence[Input], rows: Mapping[str, Raw]) -> dict[str, Raw]:
    """The receipts of these inputs among those found, each by its input's present name."""
    seen: dict[str, Raw] = {}
    for item in inputs:
        row = rows.get(item.name)
        if row is not None and not _of_command_only(item, row):
            seen[item.name] = row
            continue
        for name in _former(item):
            if name in rows and "fingerprint" in rows[name]:
                seen.setdefault(item.name, rows[name])
    return seen


def yield_place(row: Raw) -> Raw:
    """A command's receipt under its second former name, so that an event of the same id can have the place."""
    return row | {"_id": f"command::{row['_id']}"}


def _former(item: Input) -> tuple[str, ...]:
    return (item.id, f"command::{item.id}") if item.source is Source.COMMAND else ()


def _of_command_only(item: Input, row: Raw) -> bool:
    return item.source is Source.EVENT and item.fingerprint is None and "fingerprint" in row
