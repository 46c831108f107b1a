"""An import's two files: the mapping and the list, read row by row with the line where each begins."""

import codecs
import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal, TextIO
from zoneinfo import ZoneInfo

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from intake.domain.imports import COLUMNS, ImportMapping, PlaceRule


class Unusable(Exception):
    """The import cannot begin or go on; the text says why and what to do."""


@dataclass(frozen=True)
class Row:
    """One record of the list: the line where it begins, and its cells or what is wrong with it."""

    line: int
    cells: Mapping[str, str]
    trouble: str = ""


def _encoding(name: str) -> str:
    found = codecs.lookup(name).name if name else "utf-8"
    return "utf-8-sig" if found == "utf-8" else found


def _all_columns(columns: dict[str, str]) -> dict[str, str]:
    if set(columns) != set(COLUMNS):
        raise ValueError(f"must name exactly {', '.join(COLUMNS)}")
    return columns


class _Place(BaseModel):
    model_config = ConfigDict(extra="forbid")

    fixed: str | None = None
    column: str | None = None
    map: dict[str, str] = {}


class _MappingFile(BaseModel):
    model_config = ConfigDict(extra="forbid")

    source: str = Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$")
    delimiter: str = Field(";", min_length=1, max_length=1)
    encoding: Annotated[str, AfterValidator(_encoding)] = "utf-8-sig"
    columns: Annotated[dict[str, str], AfterValidator(_all_columns)]
    dates: list[str] = Field(min_length=1)
    timezone: str = "Europe/Rome"
    place: _Place
    text_when_empty: Literal["category", "reject"] = "reject"
    category_when_empty: str | None = None
    categories: dict[str, str]

    def mapping(self) -> ImportMapping:
        if self.place.fixed is None and self.place.column is None:
            raise ValueError("place: name a `fixed` place or a `column`")
        return ImportMapping(
            source=self.source,
            delimiter=self.delimiter,
            encoding=self.encoding,
            columns=tuple(self.columns.items()),
            dates=tuple(self.dates),
            timezone=ZoneInfo(self.timezone).key,
            place=PlaceRule(self.place.fixed, self.place.column, tuple(self.place.map.items())),
            categories=tuple(self.categories.items()),
            category_when_empty=self.category_when_empty,
            text_from_category=self.text_when_empty == "category",
        )


def read_mapping(file: Path) -> ImportMapping:
    """The mapping that a file says; raises Unusable naming the line of it to correct."""
    try:
        return _MappingFile.model_validate(yaml.safe_load(file.read_text("utf-8"))).mapping()
    except OSError as error:
        raise Unusable(
            f"{file} cannot be read ({error.strerror}): name the mapping with --mapping FILE"
        ) from error
    except yaml.YAMLError as error:
        raise Unusable(f"{file} is not YAML: {' '.join(str(error).split())}") from error
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(map(str, first["loc"])) or "the whole file"
        raise Unusable(f"{file}: {where}: {first['msg']}; correct it there") from error
    except (ValueError, LookupError) as error:
        raise Unusable(f"{file}: {error}; correct it there") from error


def count_lines(file: Path) -> int:
    """How many lines a file has, for a bar that shows progress; raises Unusable."""
    try:
        with file.open("rb") as lines:
            return sum(1 for _ in lines)
    except OSError as error:
        raise Unusable(f"{file} cannot be read ({error.strerror}): name the list to import") from error


def read_rows(file: Path, mapping: ImportMapping) -> Iterator[Row]:
    """The records of a list in order; blank lines are none, a record that is no CSV is a row with its trouble.

    Raises Unusable when the file cannot be read or lacks a column that the mapping names.
    """
    try:
        with file.open(encoding=mapping.encoding, errors="surrogateescape", newline="") as lines:
            yield from _records(file, lines, mapping)
    except OSError as error:
        raise Unusable(f"{file} cannot be read ({error.strerror})") from error
    except (UnicodeError, LookupError) as error:
        raise Unusable(f"{file} is not {mapping.encoding}: correct `encoding` in the mapping") from error


def _header(file: Path, header: list[str], mapping: ImportMapping) -> list[str]:
    names = [name.strip() for name in header]
    missing = [name for name in mapping.needed() if name not in names]
    if missing:
        there = ", ".join(names)[:200] or "nothing"
        raise Unusable(
            f"{file}: there is no column {missing[0]} in its first line (there is: {there}); "
            "correct `columns` or `delimiter` in the mapping"
        )
    return names


def _records(file: Path, lines: TextIO, mapping: ImportMapping) -> Iterator[Row]:
    reader = csv.reader(lines, delimiter=mapping.delimiter)
    header = _header(file, next(reader, []), mapping)
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield Row(line, {}, f"not a CSV record: {error}")
            continue
        if cells:
            yield _row(line, header, cells)


def _row(line: int, header: list[str], cells: list[str]) -> Row:
    if len(cells) != len(header):
        return Row(line, {}, f"{len(cells)} columns where the header has {len(header)}")
    return Row(line, dict(zip(header, cells, strict=True)))
