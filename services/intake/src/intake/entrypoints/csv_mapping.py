"""An import's mapping: a YAML file in which every value is the text that is written there."""

import codecs
from collections.abc import Hashable, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from intake.domain.import_dates import unfit_form
from intake.domain.imports import COLUMNS, ImportMapping, PlaceRule, comparable
from intake.entrypoints.csv_rows import Unusable, printable
from intake.entrypoints.csv_signs import QUOTE

_NULL = ("", "~", "null", "Null", "NULL")


class _Loader(yaml.BaseLoader):
    """Reads no number, no date and no yes or no: `no`, `on` and 007 stay words; a key that comes twice is an error."""

    def construct_scalar(self, node: yaml.ScalarNode) -> Any:
        value = super().construct_scalar(node)
        return None if node.style is None and value in _NULL else value

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        lines: dict[Any, int] = {}
        for key, _ in node.value:
            name, line = comparable(str(key.value)), key.start_mark.line + 1
            if name in lines:
                raise Unusable(f"line {line}: {name[:80]} is there twice (first in line {lines[name]})")
            lines[name] = line
        return super().construct_mapping(node, deep)


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


class _Place(BaseModel):
    model_config = ConfigDict(extra="forbid")

    fixed: Word | None = None
    column: Word | None = None
    map: Words = {}


class _MappingFile(BaseModel):
    model_config = ConfigDict(extra="forbid")

    source: str = Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$")
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
        if self.place.fixed is None and self.place.column is None:
            raise ValueError("place: name a `fixed` place or a `column`")
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


def read_mapping(file: Path) -> ImportMapping:
    """The mapping that a file says; raises Unusable naming the line of it to correct."""
    try:
        text = file.read_text("utf-8-sig")
    except OSError as error:
        raise Unusable(
            f"{file} cannot be read ({error.strerror}): name the mapping with --mapping FILE"
        ) from error
    except UnicodeError as error:
        raise Unusable(f"{file} is not UTF-8: save it as UTF-8") from error
    try:
        return _MappingFile.model_validate(yaml.load(text, _Loader)).mapping()  # noqa: S506 - makes text only
    except Unusable as unusable:
        raise Unusable(f"{file}: {unusable}; correct it there") from unusable
    except RecursionError as error:
        raise Unusable(f"{file} is nested too deeply; correct it there") from error
    except yaml.YAMLError as error:
        raise Unusable(f"{file} is not YAML: {printable(str(error))}") from error
    except ValidationError as error:
        raise Unusable(f"{file}: {_first(error, text)}; correct it there") from error
    except (ValueError, LookupError) as error:
        raise Unusable(f"{file}: {error}; correct it there") from error


def _first(error: ValidationError, text: str) -> str:
    """The first mistake, with the line of the file where it is."""
    first = error.errors(include_url=False)[0]
    if not first["loc"]:
        return f"there must be names with values in it, {', '.join(_MappingFile.model_fields)}"
    where = ".".join(map(str, first["loc"]))
    return printable(
        f"line {_line(text, first['loc'])}: {where}: {first['msg'].removeprefix('Value error, ')}"
    )


def _line(text: str, path: Sequence[str | int]) -> int:
    """The line of the last part of a path that the file has."""
    node = yaml.compose(text, _Loader)
    line = 1
    for part in path:
        if isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
            node = node.value[part]
            line = node.start_mark.line + 1
        elif isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                if comparable(str(key.value)) == comparable(str(part)):
                    node, line = value, key.start_mark.line + 1
                    break
    return line
