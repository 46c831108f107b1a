"""An import: how a row of somebody else's list becomes a draft of ours, or is rejected with a reason."""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from intake.domain.drafts import MOST_CHARACTERS, Draft, tidy
from intake.domain.import_dates import read_moment

COLUMNS = ("id", "date", "text", "category")


@dataclass(frozen=True)
class PlaceRule:
    """Where rows are about: one place for all, or what a column says through a table."""

    fixed: str | None = None
    column: str | None = None
    table: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class ImportMapping:
    """What the mapping file says, its words as `comparable` has them; `columns` is ours to the file's."""

    source: str
    delimiter: str
    escape: str | None
    encoding: str
    columns: tuple[tuple[str, str], ...]
    dates: tuple[str, ...]
    timezone: str
    place: PlaceRule
    categories: tuple[tuple[str, str], ...]
    category_when_empty: str | None
    text_from_category: bool

    def needed(self) -> tuple[str, ...]:
        """The columns that the file must have."""
        names = tuple(name for _, name in self.columns)
        return (*names, self.place.column) if self.place.column else names

    def category_codes(self) -> dict[tuple[str, ...], str]:
        """Every category of ours that a row can get, under the place in the mapping file that names it."""
        codes: dict[tuple[str, ...], str] = {("categories", label): code for label, code in self.categories}
        return codes | (
            {("category_when_empty",): self.category_when_empty} if self.category_when_empty else {}
        )

    def place_ids(self) -> dict[tuple[str, ...], str]:
        """Every place of ours that a row can get, under the place in the mapping file that names it."""
        ids: dict[tuple[str, ...], str] = {("place", "map", said): place for said, place in self.place.table}
        return ids | ({("place", "fixed"): self.place.fixed} if self.place.fixed is not None else {})


@dataclass(frozen=True)
class Mapped:
    """A row that can be sent: its id in the list and the draft it becomes."""

    row_id: str
    draft: Draft


@dataclass(frozen=True)
class Rejected:
    """A row that cannot be sent, and why."""

    row_id: str
    reason: str


class _Unfit(Exception):
    """This row cannot become a draft; the text says why."""


def comparable(text: str) -> str:
    """The text as names are compared: composed (Unicode NFC), without blanks around it."""
    return unicodedata.normalize("NFC", text).strip()


def map_row(mapping: ImportMapping, row: Mapping[str, str]) -> Mapped | Rejected:
    """What a row becomes: every row is either mapped or rejected with a reason."""
    columns = dict(mapping.columns)
    row_id = comparable(row.get(columns["id"], ""))
    try:
        if any("\ud800" <= letter <= "\udfff" for value in row.values() for letter in value):
            raise _Unfit(f"bytes that are not {mapping.encoding}: correct `encoding` in the mapping")
        if "\0" in row_id:
            raise _Unfit(f"a null character in column {columns['id']}: the file is damaged")
        if not row_id:
            raise _Unfit(f"no id in column {columns['id']}")
        label = comparable(row.get(columns["category"], ""))
        draft = Draft(
            category=_category(mapping, label),
            place_id=_place(mapping.place, row),
            description=_text(mapping, row.get(columns["text"], ""), label),
            channel="import",
            heard_at=_date(mapping, row.get(columns["date"], "").strip()),
        )
    except _Unfit as unfit:
        return Rejected("".join(filter(str.isprintable, row_id)), str(unfit))
    return Mapped(row_id, tidy(draft))


def _category(mapping: ImportMapping, label: str) -> str:
    if not label:
        if mapping.category_when_empty is None:
            raise _Unfit("no category")
        return mapping.category_when_empty
    code = dict(mapping.categories).get(label)
    if code is None:
        raise _Unfit(f"unknown category {label[:80]!r}: add it to `categories` in the mapping")
    return code


def _place(rule: PlaceRule, row: Mapping[str, str]) -> str:
    if rule.column is None:
        return rule.fixed or ""
    said = comparable(row.get(rule.column, ""))
    place = dict(rule.table).get(said, rule.fixed)
    if place is None:
        raise _Unfit(f"unknown place {said[:80]!r}: add it to `place.map` in the mapping")
    return place


def _text(mapping: ImportMapping, text: str, label: str) -> str:
    text = text.strip() or (mapping.text_from_category and (label or mapping.category_when_empty)) or ""
    if not text:
        raise _Unfit("no text")
    if len(text) > MOST_CHARACTERS:
        raise _Unfit(f"the text has {len(text)} characters; at most {MOST_CHARACTERS} are taken")
    return text


def _date(mapping: ImportMapping, said: str) -> datetime:
    moment = read_moment(said, mapping.dates, mapping.timezone)
    if moment is None:
        raise _Unfit(f"unreadable date {said[:40]!r}: expected one of {', '.join(mapping.dates)}")
    return moment
