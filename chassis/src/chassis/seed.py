"""Seed files, which an agency edits: parsed strictly, and every error names file, line, value and fix."""

import argparse
import json
import sys
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from chassis import fields
from chassis.fields import Day
from chassis.strict_csv import Table, TableRow, load_table, parse_table, write_table
from chassis.strict_yaml import Fault, KeyPath, SeedError, SeedFile, Written, load

__all__ = ["Code", "Day", "Fault", "KeyPath", "Row", "SeedError", "SeedFile", "Text", "Written"]
__all__ += [
    "Table",
    "TableRow",
    "cells",
    "check",
    "each",
    "load",
    "load_table",
    "loose",
    "parse_table",
    "read",
    "read_all",
]
__all__ += ["refuse", "twice", "values", "write_table"]

M = TypeVar("M", bound="Row")


class Row(BaseModel):
    """One mapping of a seed file: each field has its type, and other fields are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True)


CODE = r"^[a-z0-9][a-z0-9._-]{0,63}$"
Code = Annotated[str, StringConstraints(pattern=CODE)]
Text = Annotated[fields.Text, Field(max_length=2000)]


def read(file: SeedFile, model: type[M]) -> M:
    """A file as a model, without type conversion; raises SeedError with every error."""
    try:
        return model.model_validate_json(json.dumps(file.value), strict=True)
    except ValidationError as error:
        rows = error.errors(include_url=False)
        inner = {row["loc"][:steps] for row in rows for steps in range(len(row["loc"]))}
        # pydantic also reports a list with an invalid entry as too short.
        reported = [row for row in rows if row["type"] != "too_short" or row["loc"] not in inner]
        raise SeedError([file.fault(_written(row["loc"]), _fix(row)) for row in reported]) from error


def read_all(folder: Path, models: Mapping[str, type[Row]]) -> list[tuple[SeedFile, Any]]:
    """The files of a folder, each as its model, in this order; raises SeedError with the errors of all of them."""
    opened: list[tuple[SeedFile, Any]] = []
    faults: list[Fault] = []
    for name, model in models.items():
        try:
            file = load(folder / name)
            opened.append((file, read(file, model)))
        except SeedError as error:
            faults += error.faults
    refuse(faults)
    return opened


def _written(place: KeyPath) -> KeyPath:
    return tuple(step for step in place if step != "[key]")


_FIXES: Mapping[str, str] = {
    "missing": "is missing; write it",
    "extra_forbidden": "is not a field here; correct its name or remove it",
    "enum": "write one of {expected}",
    "literal_error": "write one of {expected}",
    "int_type": "write a whole number",
    "bool_type": "write true or false",
    "string_type": "write a text, in quotes if it looks like a number",
    "string_too_short": "write something",
    "string_too_long": "write at most {max_length} characters",
    "string_pattern_mismatch": "write a code: lowercase letters, digits, dot, dash and underscore, at most 64",
    "greater_than_equal": "write at least {ge}",
    "greater_than": "write more than {gt}",
    "less_than_equal": "write at most {le}",
    "too_short": "write at least {min_length}",
    "tuple_type": "write a list",
    "list_type": "write a list",
    "dict_type": "write fields, each with its value",
    "model_type": "write fields, each with its value",
}


def _fix(row: Mapping[str, Any]) -> str:
    context = row.get("ctx", {})
    if row["type"] == "value_error":
        return str(context["error"])
    if "fix" in context:
        return f"{row['msg']} {context['fix']}"
    return _FIXES.get(row["type"], str(row["msg"])).format(**context)


def values(path: Path, *steps: str) -> frozenset[str] | None:
    """The values under the last of these names in lists of mappings; None where the file does not exist.

    A service compares its own codes with those in a file that another service owns; raises SeedError as `load` does.
    """
    if not path.exists():
        return None
    rows: list[Any] = [load(path).value]
    for step in steps:
        found = [row.get(step) for row in rows if isinstance(row, dict)]
        rows = [one for part in found for one in (part if isinstance(part, list) else [part])]
    return frozenset(row for row in rows if isinstance(row, str))


def cells(path: Path, column: str, **where: str) -> frozenset[str] | None:
    """The cells of a column of another service's table, in the rows that have `where`; None where the file does not exist.

    Raises SeedError as `load_table` does.
    """
    if not path.exists():
        return None
    rows = (row.cells for row in load_table(path).rows)
    return frozenset(
        row[column]
        for row in rows
        if column in row and all(row.get(name) == value for name, value in where.items())
    )


def twice(file: SeedFile, written: Iterable[Written]) -> Iterator[Fault]:
    """An error for each value that occurred earlier."""
    seen: dict[str, int] = {}
    for place, value in written:
        if value in seen:
            yield file.fault(place, f"is there twice, first on line {seen[value]}; give each its own")
        seen.setdefault(value, file.line(place))


def loose(file: SeedFile, written: Iterable[Written], known: Collection[str] | None) -> Iterator[Fault]:
    """An error for each code that is not defined; none where the defined codes are unknown."""
    for place, code in written:
        if known is not None and code not in known:
            names = ", ".join(sorted(known)) or "none"
            yield file.fault(place, f"there is no such code; write one of {names}")


def each(place: KeyPath, codes: Iterable[str] | None) -> list[Written]:
    """The entries of a list, each with its position."""
    return [((*place, number), code) for number, code in enumerate(codes or ())]


def refuse(faults: Iterable[Fault]) -> None:
    """Raise SeedError when there is an error."""
    if found := tuple(faults):
        raise SeedError(found)


def check(service: str, read: Callable[[Path], object], words: Sequence[str]) -> int:
    """`python -m SERVICE seed-check FOLDER`: print the errors in its seed files; exits with 0 when there are none, else 2."""
    parser = argparse.ArgumentParser(prog=f"python -m {service} seed-check", description=check.__doc__)
    parser.add_argument("folder", type=Path, help="the folder that the service's SEED setting names")
    folder: Path = parser.parse_args(words).folder
    try:
        read(folder)
    except SeedError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    sys.stdout.write(f"{folder}: every file can be used\n")
    return 0
