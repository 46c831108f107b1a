"""The entries of a report: what the tenant and the staff add after its registration."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from intake.domain.reports import ENDED, Report, Status


class EntryKind(StrEnum):
    """The kind of an entry."""

    INFORMATION = "information"
    NOTE = "note"
    ANSWER = "answer"
    REOPENING = "reopening"
    RATING = "rating"


class Author(StrEnum):
    """Who wrote an entry."""

    TENANT = "tenant"
    STAFF = "staff"


MOST: Mapping[EntryKind, int] = {
    EntryKind.INFORMATION: 20,
    EntryKind.NOTE: 100,
    EntryKind.ANSWER: 20,
    EntryKind.REOPENING: 20,
    EntryKind.RATING: 20,
}
# A withdrawn report gets no answer; a note can be added at any time.
_CLOSED_TO: Mapping[EntryKind, frozenset[Status]] = {
    EntryKind.INFORMATION: ENDED,
    EntryKind.NOTE: frozenset(),
    EntryKind.ANSWER: frozenset({Status.WITHDRAWN}),
    EntryKind.REOPENING: frozenset(set(Status) - {Status.CLOSED}),
    EntryKind.RATING: frozenset(set(Status) - {Status.CLOSED}),
}


@dataclass(frozen=True)
class Entry:
    """One entry, never changed, but for the sentence of a rating, which a later one replaces; its `fields` are encrypted under the key of the report.

    `subject` is the issuer's id of the staff member who wrote it.
    """

    id: str
    kind: str
    by: str
    at: datetime
    fields: Mapping[str, bytes]
    subject: str | None = None


@dataclass(frozen=True)
class Entries:
    """The entries of one report, oldest first."""

    report_id: str
    entries: tuple[Entry, ...] = ()

    def has(self, id: str) -> bool:  # noqa: A002 - an entry's id is called id
        """Whether there is an entry with this id."""
        return any(entry.id == id for entry in self.entries)

    def of(self, kind: EntryKind) -> tuple[Entry, ...]:
        """The entries of this kind, oldest first."""
        return tuple(entry for entry in self.entries if entry.kind == kind)


def is_open_to(report: Report, kind: EntryKind) -> bool:
    """Whether an entry of this kind can be added in the present status of the report."""
    return report.status not in _CLOSED_TO[kind]


def is_full(entries: Entries, kind: EntryKind) -> bool:
    """Whether the report has as many entries of this kind as it can have."""
    return len(entries.of(kind)) >= MOST[kind]
