"""Reads the registers from categories.yaml and places.yaml, which the agency edits."""

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated

from pydantic import Field

from chassis.seed import Code, Fault, Row, SeedFile, Text, Written, read_all, refuse, twice
from intake.domain.categories import Category, Kind, Urgency
from intake.domain.places import Place
from intake.domain.registers import Register


class _Category(Row):
    code: Code
    label: Text
    kind: Kind
    urgency: Urgency
    examples: tuple[Text, ...] = ()


class _Categories(Row):
    categories: Annotated[tuple[_Category, ...], Field(min_length=1)]


class _Place(Row):
    id: Code
    label: Text


class _Neighbourhood(Row):
    code: Code
    label: Text
    places: Annotated[tuple[_Place, ...], Field(min_length=1)]


class _Province(Row):
    code: Code
    label: Text
    neighbourhoods: Annotated[tuple[_Neighbourhood, ...], Field(min_length=1)]


class _Places(Row):
    provinces: Annotated[tuple[_Province, ...], Field(min_length=1)]


FILES: Mapping[str, type[Row]] = {"categories.yaml": _Categories, "places.yaml": _Places}


def read_registers(folder: Path) -> tuple[Register, Register]:
    """The registers of categories and of places; raises SeedError."""
    (labels, categories), (map_, places) = read_all(folder, FILES)
    rows, provinces = categories.categories, places.provinces
    codes = [(("categories", number, "code"), row.code) for number, row in enumerate(rows)]
    refuse([*twice(labels, codes), *_dangers(labels, rows), *_twice(map_, provinces)])
    return (
        Register("categories", _version(labels), categories=tuple(_category(row) for row in rows)),
        Register("places", _version(map_), places=tuple(_places(provinces))),
    )


def _category(row: _Category) -> Category:
    return Category(row.code, row.label, row.kind, row.urgency, row.examples)


def _dangers(file: SeedFile, rows: tuple[_Category, ...]) -> Iterator[Fault]:
    """The kind danger and the urgency e0, which no report can have, imply each other."""
    for number, row in enumerate(rows):
        if (row.kind is Kind.DANGER) is not (row.urgency is Urgency.E0):
            yield file.fault(
                ("categories", number, "urgency"), "write e0 for the kind danger, and e0 for no other kind"
            )


def _places(provinces: tuple[_Province, ...]) -> Iterator[Place]:
    for province in provinces:
        for quarter in province.neighbourhoods:
            for place in quarter.places:
                yield Place(place.id, place.label, quarter.code, quarter.label, province.code, province.label)


def _twice(file: SeedFile, provinces: tuple[_Province, ...]) -> Iterator[Fault]:
    """Codes of provinces, of neighbourhoods and ids of places are each unique in the whole file."""
    codes: list[Written] = []
    quarters: list[Written] = []
    places: list[Written] = []
    for p, province in enumerate(provinces):
        codes.append((("provinces", p, "code"), province.code))
        for n, quarter in enumerate(province.neighbourhoods):
            at = ("provinces", p, "neighbourhoods", n)
            quarters.append(((*at, "code"), quarter.code))
            places += [((*at, "places", i, "id"), place.id) for i, place in enumerate(quarter.places)]
    for written in (codes, quarters, places):
        yield from twice(file, written)


def _version(file: SeedFile) -> str:
    return hashlib.sha256(file.content).hexdigest()[:16]
