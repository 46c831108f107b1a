"""The inbox: receipts of handled inputs, under the present name of the input or one that older builds used."""

from collections.abc import Mapping, Sequence

from chassis.documents import Raw
from chassis.transaction.inputs import Input, Source

# Needed until 21 days after the last process of a build without `Input.name`: it stored a command's receipt under the
# caller's id alone, which may also be the id of an event. Only receipts of commands have a fingerprint.


def receipt_names(inputs: Sequence[Input]) -> list[str]:
    """The names under which receipts of these inputs may be stored."""
    return [name for item in inputs if item.consumes is None for name in (item.name, *_former(item))]


def receipts_by_input(inputs: Sequence[Input], rows: Mapping[str, Raw]) -> dict[str, Raw]:
    """The receipts of these inputs among the rows found, keyed by the input's present name."""
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


def renamed(row: Raw) -> Raw:
    """A command's receipt under its second former name, which frees the name for an event with the same id."""
    return row | {"_id": f"command::{row['_id']}"}


def _former(item: Input) -> tuple[str, ...]:
    return (item.id, f"command::{item.id}") if item.source is Source.COMMAND else ()


def _of_command_only(item: Input, row: Raw) -> bool:
    return item.source is Source.EVENT and item.fingerprint is None and "fingerprint" in row
