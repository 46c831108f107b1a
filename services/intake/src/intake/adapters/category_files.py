"""Reads the categories from categories.yaml, and their texts in the other languages from categories.LANGUAGE.yaml."""

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field

from chassis.seed import Code, Fault, KeyPath, Row, SeedError, SeedFile, Text, load, read, refuse
from intake.adapters.category_rules import category_faults
from intake.domain.categories import (
    AnswerType,
    Categories,
    Category,
    Condition,
    Consequence,
    Diversion,
    Group,
    Kind,
    Option,
    Question,
    Urgency,
    Visibility,
)
from intake.domain.category_texts import LANGUAGES, CategoryTexts, paths

FILE = "categories.yaml"
PlaceKind = Literal["province", "neighbourhood", "estate", "building", "stair", "asset"]
Asset = Literal["lift", "boiler", "gate", "roof", "cellar"]
Codes = Annotated[tuple[Code, ...], Field(min_length=1)]


class _Option(Row):
    code: Code
    label: Text


class _Condition(Row):
    question: Code | None = None
    answers: Codes | None = None
    places: Annotated[tuple[PlaceKind, ...], Field(min_length=1)] | None = None


class _Consequence(Row):
    answers: Codes
    urgency: Urgency | None = None
    diversion: Code | None = None


class _Question(Row):
    code: Code
    label: Text
    type: AnswerType
    hint: Text | None = None
    required: bool = False
    options: tuple[_Option, ...] = ()
    least: Annotated[int, Field(ge=0)] = 0
    most: Annotated[int, Field(le=999_999_999)] = 1_000_000
    only_if: _Condition | None = None
    raises: tuple[_Consequence, ...] = ()


class _Category(Row):
    code: Code
    label: Text
    kind: Kind
    urgency: Urgency
    group: Code
    visibility: Visibility = Visibility.PRIVATE
    keywords: Annotated[tuple[Text, ...], Field(min_length=1)]
    questions: tuple[_Question, ...] = ()
    diversion: Code | None = None
    assets: tuple[Asset, ...] = ()
    closed: bool = False


class _Group(Row):
    code: Code
    label: Text
    kind: Kind
    under: Code | None = None


class _Diversion(Row):
    code: Code
    label: Text
    calls: Annotated[tuple[Literal["112", "115", "lift"], ...], Field(min_length=1)]
    keywords: tuple[Text, ...] = ()


class CategoryFile(Row):
    """What categories.yaml has."""

    groups: Annotated[tuple[_Group, ...], Field(min_length=1)]
    diversions: tuple[_Diversion, ...] = ()
    categories: Annotated[tuple[_Category, ...], Field(min_length=1)]


class _QuestionTexts(Row):
    label: Text
    hint: Text | None = None
    options: Mapping[str, Text] = {}


class _CategoryTexts(Row):
    label: Text
    keywords: Annotated[tuple[Text, ...], Field(min_length=1)]
    questions: Mapping[str, _QuestionTexts] = {}


class _DiversionTexts(Row):
    label: Text
    keywords: tuple[Text, ...] = ()


class _Texts(Row):
    groups: Mapping[str, Text]
    diversions: Mapping[str, _DiversionTexts]
    categories: Mapping[str, _CategoryTexts]


def read_categories(folder: Path) -> Categories:
    """The categories of a folder; raises SeedError with file, line and fix of every mistake."""
    return _categories(*_opened(folder))


def read_category_texts(folder: Path) -> tuple[CategoryTexts, ...]:
    """The texts of the categories in every other language, complete; raises SeedError."""
    wanted = _categories(*_opened(folder))
    found: list[CategoryTexts] = []
    faults: list[Fault] = []
    for language in LANGUAGES:
        try:
            found.append(_texts(folder / f"categories.{language}.yaml", language, wanted))
        except SeedError as error:
            faults += error.faults
    refuse(faults)
    return tuple(found)


def _opened(folder: Path) -> tuple[SeedFile, CategoryFile]:
    file = load(folder / FILE)
    return file, read(file, CategoryFile)


def _categories(file: SeedFile, rows: CategoryFile) -> Categories:
    refuse(category_faults(file, rows))
    groups = tuple(Group(one.code, one.label, one.kind, one.under or "") for one in rows.groups)
    parents = {one.code: one.under for one in groups}
    return Categories(
        version=hashlib.sha256(file.content).hexdigest()[:16],
        groups=groups,
        diversions=tuple(Diversion(one.code, one.label, one.calls, one.keywords) for one in rows.diversions),
        categories=tuple(_category(row, parents) for row in rows.categories),
    )


def _category(row: _Category, parents: Mapping[str, str]) -> Category:
    path = [row.group]
    while parents[path[0]]:
        path.insert(0, parents[path[0]])
    return Category(
        code=row.code,
        label=row.label,
        kind=row.kind,
        urgency=row.urgency,
        path=(row.kind.value, *path),
        visibility=row.visibility,
        keywords=row.keywords,
        questions=tuple(_question(one) for one in row.questions),
        diversion=row.diversion or "",
        assets=row.assets,
        closed=row.closed,
    )


def _question(row: _Question) -> Question:
    condition = row.only_if or _Condition()
    return Question(
        code=row.code,
        label=row.label,
        type=row.type,
        hint=row.hint or "",
        required=row.required,
        options=tuple(Option(one.code, one.label) for one in row.options),
        least=row.least,
        most=row.most,
        only_if=Condition(condition.question or "", condition.answers or (), condition.places or ()),
        raises=tuple(Consequence(one.answers, one.urgency, one.diversion or "") for one in row.raises),
    )


def _texts(path: Path, language: str, wanted: Categories) -> CategoryTexts:
    file = load(path)
    rows = read(file, _Texts)
    texts = dict(_flat(rows.model_dump(exclude_none=True)))
    refuse(_incomplete(file, texts, wanted))
    keywords = {f"categories.{code}": one.keywords for code, one in rows.categories.items()}
    keywords |= {f"diversions.{code}": one.keywords for code, one in rows.diversions.items()}
    return CategoryTexts(language, hashlib.sha256(file.content).hexdigest()[:16], texts, keywords)


def _flat(rows: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, str]]:
    """Every text with its path; keywords are no texts of a path."""
    for name, value in rows.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{before}{name}.")
        elif isinstance(value, str):
            yield f"{before}{name}", value


def _incomplete(file: SeedFile, texts: Mapping[str, str], wanted: Categories) -> Iterator[Fault]:
    """The texts that are missing, and those of nothing that categories.yaml has."""
    needed = dict.fromkeys(paths(wanted))
    for path in needed:
        if path not in texts:
            place = _place(path)
            fix = "is missing; translate it, or write the Italian text until somebody does"
            yield Fault(file.path, file.line(place), path, fix)
    for path in texts:
        if path not in needed:
            fix = f"{FILE} has no such text; correct the code or remove it"
            yield Fault(file.path, file.line(_place(path)), path, fix)


def _place(path: str) -> KeyPath:
    """The position of a text; codes have dots nowhere in the shipped file, and a code with one has the line of its list."""
    return tuple(path.split("."))
