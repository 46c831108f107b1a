"""The rows of an import: each is mapped to a draft or rejected with a reason."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from intake.domain.draft_rules import MOST_CHARACTERS
from intake.domain.drafts import Draft, tidy
from intake.domain.import_dates import read_moment
from intake.domain.import_mapping import CLOSED, STATE, ImportMapping, PlaceRule, comparable


@dataclass(frozen=True)
class Mapped:
    """A row that can be sent: its id in the list and its draft."""

    row_id: str
    draft: Draft


@dataclass(frozen=True)
class Rejected:
    """A row that cannot be sent, with the reason."""

    row_id: str
    reason: str


class _Unmappable(Exception):
    """The row cannot be mapped to a draft; the text is the reason."""


def map_row(mapping: ImportMapping, row: Mapping[str, str]) -> Mapped | Rejected:
    """Map a row to a draft, or reject it with a reason."""
    columns = dict(mapping.columns)
    row_id = comparable(row.get(columns["id"], ""))
    try:
        if any("\ud800" <= letter <= "\udfff" for value in row.values() for letter in value):
            raise _Unmappable(f"bytes that are not {mapping.encoding}: correct `encoding` in the mapping")
        if "\0" in row_id:
            raise _Unmappable(f"a null character in column {columns['id']}: the file is damaged")
        if not row_id:
            raise _Unmappable(f"no id in column {columns['id']}")
        label = comparable(row.get(columns["category"], ""))
        heard_at = _date(mapping, row.get(columns["date"], "").strip())
        closed_at = _closing(mapping, row.get(columns.get(CLOSED, ""), "").strip())
        cancelled = comparable(row.get(columns.get(STATE, ""), "")).casefold() in mapping.cancelled
        draft = Draft(
            category=_category(mapping, label),
            place_id=_place(mapping.place, row),
            description=_text(mapping, row.get(columns["text"], ""), label),
            channel="import",
            heard_at=heard_at,
            # Nobody knows when a row without a closing was cancelled: it ends on the day on which it began.
            closed_at=closed_at or (heard_at if cancelled else None),
            cancelled=cancelled,
        )
    except _Unmappable as error:
        return Rejected("".join(filter(str.isprintable, row_id)), str(error))
    return Mapped(row_id, tidy(draft))


def _category(mapping: ImportMapping, label: str) -> str:
    if not label:
        if mapping.category_when_empty is None:
            raise _Unmappable("no category")
        return mapping.category_when_empty
    code = dict(mapping.categories).get(label)
    if code is None:
        raise _Unmappable(f"unknown category {label[:80]!r}: add it to `categories` in the mapping")
    return code


def _place(rule: PlaceRule, row: Mapping[str, str]) -> str:
    if rule.column is None:
        return rule.fixed or ""
    value = comparable(row.get(rule.column, ""))
    place = dict(rule.table).get(value, rule.fixed)
    if place is None:
        raise _Unmappable(f"unknown place {value[:80]!r}: add it to `place.map` in the mapping")
    return place


def _text(mapping: ImportMapping, text: str, label: str) -> str:
    text = text.strip() or (mapping.text_from_category and (label or mapping.category_when_empty)) or ""
    if not text:
        raise _Unmappable("no text")
    if len(text) > MOST_CHARACTERS:
        raise _Unmappable(f"the text has {len(text)} characters; at most {MOST_CHARACTERS} are allowed")
    return text


def _date(mapping: ImportMapping, text: str) -> datetime:
    moment = read_moment(text, mapping.dates, mapping.timezone)
    if moment is None:
        raise _Unmappable(f"unreadable date {text[:40]!r}: expected one of {', '.join(mapping.dates)}")
    return moment


def _closing(mapping: ImportMapping, text: str) -> datetime | None:
    return _date(mapping, text) if text else None
