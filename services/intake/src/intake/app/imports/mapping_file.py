"""Reads mapping files: YAML in which every value is the literal text of the file."""

import codecs
from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field

from chassis.seed import Code, Row, SeedError, SeedFile, load, loose, read, refuse
from intake.app.imports.csv_dialect import QUOTE
from intake.app.imports.csv_rows import ImportFailed, printable
from intake.domain.categories import Categories
from intake.domain.import_dates import format_problem
from intake.domain.import_mapping import CLOSED, COLUMNS, STATE, ImportMapping, PlaceRule, comparable
from intake.domain.place_tree import PlaceTree


def _encoding(name: str) -> str:
    try:
        found = codecs.lookup(name or "utf-8").name
        " ".encode(found)  # raises LookupError for a codec that is not a text encoding
    except LookupError as error:
        raise ValueError(f"there is no encoding {name!r}; write one like utf-8 or windows-1252") from error
    return "utf-8-sig" if found == "utf-8" else found


def _delimiter(value: str) -> str:
    if len(value) != 1 or value in (QUOTE, "\\", "\r", "\n", "\0") or value.isalnum():
        raise ValueError('must be a character like ";" or "," or "\\t" (a tab, in double quotes)')
    return value


def _all_columns(columns: dict[str, str]) -> dict[str, str]:
    if set(columns) - {CLOSED, STATE} != set(COLUMNS):
        raise ValueError(
            f"must name exactly {', '.join(COLUMNS)}, and {CLOSED} and {STATE} if the list has them"
        )
    return columns


def _date_format(form: str) -> str:
    if problem := format_problem(form):
        raise ValueError(
            f"no date can be read as {form!r}: {problem}; write one like %d/%m/%Y, or %s for Unix seconds"
        )
    return form


def _zone(name: str) -> str:
    try:
        return ZoneInfo(name).key
    except (OSError, ValueError, LookupError) as error:
        raise ValueError(f"there is no time zone {name!r}; write one like Europe/Rome") from error


Word = Annotated[str, AfterValidator(comparable)]
Words = dict[Word, Word]


class _Place(Row):
    fixed: Word | None = None
    column: Word | None = None
    map: Words = Field({})


class _MappingFile(Row):
    source: Code
    delimiter: Annotated[str, AfterValidator(_delimiter)] = ";"
    escape: Literal["\\"] | None = None
    encoding: Annotated[str, AfterValidator(_encoding)] = "utf-8-sig"
    columns: Annotated[Words, AfterValidator(_all_columns)]
    dates: list[Annotated[str, AfterValidator(_date_format)]] = Field(min_length=1)
    timezone: Annotated[str, AfterValidator(_zone)] = "Europe/Rome"
    place: _Place
    text_when_empty: Literal["category", "reject"] = "reject"
    category_when_empty: Word | None = None
    categories: Words
    cancelled: list[Word] = Field([])

    def mapping(self) -> ImportMapping:
        return ImportMapping(
            source=self.source,
            delimiter=self.delimiter,
            escape=self.escape,
            encoding=self.encoding,
            columns=tuple(self.columns.items()),
            dates=tuple(self.dates),
            timezone=self.timezone,
            place=PlaceRule(self.place.fixed, self.place.column, tuple(self.place.map.items())),
            categories=tuple(self.categories.items()),
            category_when_empty=self.category_when_empty,
            text_from_category=self.text_when_empty == "category",
            cancelled=tuple(state.casefold() for state in self.cancelled),
        )


def read_mapping(path: Path) -> ImportMapping:
    """Read a mapping file; raises ImportFailed naming the line to correct."""
    if not path.is_file():
        raise ImportFailed(f"{path} is not a file: name the mapping with --mapping FILE")
    try:
        return parse(path)[1]
    except SeedError as error:
        raise ImportFailed("; ".join(printable(str(fault)) for fault in error.faults)) from error


def parse(path: Path) -> tuple[SeedFile, ImportMapping]:
    """Read a mapping file with its source lines; raises SeedError."""
    file = load(path, words=True)
    found = read(file, _MappingFile)
    if found.place.fixed is None and found.place.column is None:
        refuse([file.fault(("place",), "name a `fixed` place or a `column`")])
    if found.cancelled and STATE not in found.columns:
        refuse([file.fault(("cancelled",), f"name the column of the state in `columns` as `{STATE}`")])
    return file, found.mapping()


def check_mappings(folder: Path, categories: Categories, places: PlaceTree) -> None:
    """Check every `import-….yaml` of a folder against the registers; raises SeedError."""
    codes = [row.code for row in categories.offered]
    ids = [row.id for row in places.places if row.is_reportable]
    for path in sorted(folder.glob("import-*.yaml")):
        file, mapping = parse(path)
        faults = (
            loose(file, mapping.category_codes().items(), codes),
            loose(file, mapping.place_ids().items(), ids),
        )
        refuse(fault for found in faults for fault in found)
