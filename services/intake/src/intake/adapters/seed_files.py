"""Reads the registers from categories.yaml and places.csv, which the agency edits."""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated

from pydantic import Field

from chassis.seed import Code, Fault, Row, SeedError, SeedFile, Text, read_all, refuse, twice
from intake.adapters.place_file import read_places
from intake.domain.categories import Category, Kind, Urgency
from intake.domain.place_tree import PlaceTree
from intake.domain.registers import Register


class _Category(Row):
    code: Code
    label: Text
    kind: Kind
    urgency: Urgency
    examples: tuple[Text, ...] = ()


class _Categories(Row):
    categories: Annotated[tuple[_Category, ...], Field(min_length=1)]


FILES: Mapping[str, type[Row]] = {"categories.yaml": _Categories}


def read_registers(folder: Path) -> tuple[Register, PlaceTree]:
    """The categories and the places; raises SeedError with the errors of both."""
    try:
        categories = read_categories(folder)
    except SeedError as error:
        raise SeedError([*error.faults, *_faults_of(read_places, folder)]) from error
    return categories, read_places(folder)


def _faults_of(read: Callable[[Path], object], folder: Path) -> Sequence[Fault]:
    try:
        read(folder)
    except SeedError as error:
        return error.faults
    return ()


def read_categories(folder: Path) -> Register:
    """The register of categories; raises SeedError."""
    ((labels, categories),) = read_all(folder, FILES)
    rows = categories.categories
    codes = [(("categories", number, "code"), row.code) for number, row in enumerate(rows)]
    refuse([*twice(labels, codes), *_dangers(labels, rows)])
    return Register("categories", _version(labels), categories=tuple(_category(row) for row in rows))


def _category(row: _Category) -> Category:
    return Category(row.code, row.label, row.kind, row.urgency, row.examples)


def _dangers(file: SeedFile, rows: tuple[_Category, ...]) -> Iterator[Fault]:
    """The kind danger and the urgency e0, which no report can have, imply each other."""
    for number, row in enumerate(rows):
        if (row.kind is Kind.DANGER) is not (row.urgency is Urgency.E0):
            yield file.fault(
                ("categories", number, "urgency"), "write e0 for the kind danger, and e0 for no other kind"
            )


def _version(file: SeedFile) -> str:
    return hashlib.sha256(file.content).hexdigest()[:16]
