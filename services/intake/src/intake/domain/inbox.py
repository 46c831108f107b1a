"""The desk's inbox: which reports a filter selects, and how many each of its values would select."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from intake.domain.reports import ENDED, Status

NONE = "none"


class State(StrEnum):
    """Which reports are listed: the open ones, those with one status, or all."""

    OPEN = "open"
    REGISTERED = "registered"
    HELD = "held"
    IN_CHARGE = "in-charge"
    ESCALATED = "escalated"
    CLOSED = "closed"
    WITHDRAWN = "withdrawn"
    ALL = "all"

    @property
    def statuses(self) -> Sequence[Status]:
        """The statuses of the reports that are listed."""
        if self is State.OPEN:
            return [one for one in Status if one not in ENDED]
        return list(Status) if self is State.ALL else [Status(self.value)]


class Facet(StrEnum):
    """By what the inbox is filtered besides state, time and words."""

    GROUP = "group"
    AREA = "area"
    SOURCE = "source"
    URGENCY = "urgency"
    PHOTOS = "photos"


@dataclass(frozen=True)
class Position:
    """A place in the list: what comes after it stays the same while reports come in and change."""

    registered_at: datetime
    report_id: str


@dataclass(frozen=True)
class Wanted:
    """What the address of the inbox asks for; `chosen` has the value of each facet that is not open."""

    state: State = State.OPEN
    chosen: Mapping[Facet, str] = field(default_factory=dict)
    since: datetime | None = None
    until: datetime | None = None
    words: str = ""
    oldest_first: bool = False
    after: Position | None = None


class Listed(NamedTuple):  # hundreds are made for each page: cheaper than a frozen dataclass
    """What the list is filtered and ordered by: of many reports no more is read."""

    report_id: str
    registered_at: datetime
    status: str
    category: str
    place_id: str
    channel: str
    urgency: str


class InboxRow(NamedTuple):
    """A report in the list, with its codes by facet; `province` is where its neighbourhood is."""

    report: Listed
    codes: Mapping[Facet, str]
    province: str = ""

    def has(self, facet: Facet, code: str) -> bool:
        """Whether the report has this code; a province has the reports of its neighbourhoods."""
        return self.codes[facet] == code or (facet is Facet.AREA and self.province == code)


def selected(rows: Iterable[InboxRow], chosen: Mapping[Facet, str]) -> list[InboxRow]:
    """The rows that have every chosen code, in their order."""
    if not chosen:
        return list(rows)
    return [row for row in rows if all(row.has(facet, code) for facet, code in chosen.items())]


def facet_counts(rows: Sequence[InboxRow], chosen: Mapping[Facet, str]) -> Mapping[Facet, Counter[str]]:
    """For each facet, how many reports each of its codes would select while the other facets stay as they are."""
    counts = {}
    for facet in Facet:
        others = {one: code for one, code in chosen.items() if one is not facet}
        found = selected(rows, others)
        counts[facet] = Counter([row.codes[facet] for row in found])
        if facet is Facet.AREA:
            counts[facet].update(row.province for row in found if row.province)
    return counts


def later_than(rows: Iterable[InboxRow], after: Position | None, oldest_first: bool) -> list[InboxRow]:
    """The rows after this position in the order of the list."""
    if after is None:
        return list(rows)
    mark = (after.registered_at, after.report_id)
    where = [(row, (row.report.registered_at, row.report.report_id)) for row in rows]
    return [row for row, at in where if (at > mark if oldest_first else at < mark)]
