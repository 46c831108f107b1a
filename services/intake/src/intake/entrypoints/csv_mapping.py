"""An import's mapping: a YAML file in which every value is the text that is written there."""

import codecs
from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field

from chassis.seed import Code, Row, SeedError, SeedFile, load, loose, read, refuse
from intake.domain.import_dates import unfit_form
from intake.domain.imports import COLUMNS, ImportMapping, PlaceRule, comparable
from intake.domain.registers import Register
from intake.entrypoints.csv_rows import Unusable, printable
from intake.entrypoints.csv_signs import QUOTE


def _encoding(name: str) -> str:
    try:
        found = codecs.lookup(name or "utf-8").name
        " ".encode(found)  # a codec that is no encoding of text raises LookupError
    except LookupError as error:
        raise ValueError(f"there is no encoding {name!r}; write one like utf-8 or windows-1252") from error
    return "utf-8-sig" if found == "utf-8" else found


def _delimiter(said: str) -> str:
    if len(said) != 1 or said in (QUOTE, "\\", "\r", "\n", "\0") or said.isalnum():
        raise ValueError('must be a character like ";" or "," or "\\t" (a tab, in double quotes)')
    return said


def _all_columns(columns: dict[str, str]) -> dict[str, str]:
    if set(columns) != set(COLUMNS):
        raise ValueError(f"must name exactly {', '.join(COLUMNS)}")
    return columns


def _form(form: str) -> str:
    if unfit := unfit_form(form):
        raise ValueError(
            f"no date can be read as {form!r}: {unfit}; write one like %d/%m/%Y, or %s for Unix seconds"
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
    dates: list[Annotated[str, AfterValidator(_form)]] = Field(min_length=1)
    timezone: Annotated[str, AfterValidator(_zone)] = "Europe/Rome"
    place: _Place
    text_when_empty: Literal["category", "reject"] = "reject"
    category_when_empty: Word | None = None
    categories: Words

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
        )


def read_mapping(path: Path) -> ImportMapping:
    """The mapping that a file says; raises Unusable naming the line to correct."""
    if not path.is_file():
        raise Unusable(f"{path} is no file: name the mapping with --mapping FILE")
    try:
        return parse(path)[1]
    except SeedError as error:
        raise Unusable("; ".join(printable(str(fault)) for fault in error.faults)) from error


def parse(path: Path) -> tuple[SeedFile, ImportMapping]:
    """The mapping in a file, every value as the text that is written; raises SeedError."""
    file = load(path, words=True)
    found = read(file, _MappingFile)
    if found.place.fixed is None and found.place.column is None:
        refuse([file.fault(("place",), "name a `fixed` place or a `column`")])
    return file, found.mapping()


def check_mappings(folder: Path, categories: Register, places: Register) -> None:
    """Read every `import-….yaml` of a folder, whose codes must be those of the registers; raises SeedError."""
    codes = [row.code for row in categories.categories]
    ids = [row.id for row in places.places]
    for path in sorted(folder.glob("import-*.yaml")):
        file, mapping = parse(path)
        faults = (
            loose(file, mapping.category_codes().items(), codes),
            loose(file, mapping.place_ids().items(), ids),
        )
        refuse(fault for found in faults for fault in found)
