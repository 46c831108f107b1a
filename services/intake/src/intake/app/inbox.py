"""The desk's inbox: reports by state, facets, time and words, without what anybody wrote."""

from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from chassis.service import ServiceContext
from intake.app.readings import Reader
from intake.app.registers import Registers
from intake.app.word_index import WordIndex
from intake.domain.categories import Categories
from intake.domain.inbox import (
    NONE,
    Facet,
    InboxRow,
    Listed,
    Position,
    Wanted,
    facet_counts,
    later_than,
    selected,
)
from intake.domain.place_tree import PlaceTree
from intake.domain.readers import may_read
from intake.domain.reports import Report
from intake.queries.inbox import (
    WINDOW,
    reports_with_words,
    whole_reports,
    window,
    with_left_out_photos,
    with_unreviewed_photos,
)

PER_PAGE = 25
MOST_EXPORTED = 10_000
SEARCHED, EXPORTED = "search-reports", "export-reports"
UNREVIEWED = "unreviewed"
_INSTANT = timedelta(milliseconds=1)


@dataclass(frozen=True)
class ShownRow:
    """A row of the list with all of its report; `lacks_photos` says that a photo could not be added."""

    row: InboxRow
    report: Report
    lacks_photos: bool = False


@dataclass(frozen=True)
class InboxView:
    """A page of the inbox: how many reports were found, what each facet would find, and where the next page begins.

    `beyond` is the time of the last report that was looked at when there are more: counts and list end there.
    """

    rows: Sequence[ShownRow]
    found: int
    counts: Mapping[Facet, Counter[str]]
    after: Position | None
    beyond: datetime | None


class Inbox:
    """Lists reports for staff: officers see those about contributions only."""

    def __init__(self, context: ServiceContext, registers: Registers, words: WordIndex) -> None:
        self._context, self._registers, self._words = context, registers, words

    async def read(self, reader: Reader, wanted: Wanted) -> InboxView:
        """A page; the audit has a line of who searches in what was written, without the words.

        Raises Unavailable when the line cannot be written.
        """
        rows, beyond = await self._rows(reader, wanted)
        found = selected(rows, wanted.chosen)
        rest = later_than(found, wanted.after, wanted.oldest_first)
        shown = rest[:PER_PAGE]
        last = shown[-1].report if len(rest) > PER_PAGE else None
        after = Position(last.registered_at, last.report_id) if last else None
        counts = facet_counts(rows, wanted.chosen)
        return InboxView(await self._whole(shown), len(found), counts, after, beyond)

    async def export(self, reader: Reader, wanted: Wanted) -> AsyncIterator[Sequence[ShownRow]]:
        """The rows of all pages in portions, at most 10,000 reports, once the audit has a line of who takes them."""
        chosen = {facet.value: code for facet, code in wanted.chosen.items()}
        details = {"roles": sorted(reader.roles), "state": wanted.state.value, **chosen}
        await self._context.audit(reader.subject, EXPORTED, details)
        return self._portions(reader, replace(wanted, after=None))

    async def _whole(self, rows: Sequence[InboxRow]) -> Sequence[ShownRow]:
        ids = [row.report.report_id for row in rows]
        found = await whole_reports(self._context, ids)
        lacking = await with_left_out_photos(self._context, ids)
        listed = [row for row in rows if row.report.report_id in found]
        return [ShownRow(row, found[row.report.report_id], row.report.report_id in lacking) for row in listed]

    async def _portions(self, reader: Reader, wanted: Wanted) -> AsyncIterator[Sequence[ShownRow]]:
        left, seen = MOST_EXPORTED, frozenset[str]()
        while left > 0:
            rows, beyond = await self._rows(reader, wanted)
            found = [row for row in selected(rows, wanted.chosen) if row.report.report_id not in seen][:left]
            yield await self._whole(found)
            left -= len(found)
            if beyond is None or wanted.words:
                return
            # Reports of one instant are on both sides of the next window's edge.
            seen = frozenset(row.report.report_id for row in rows if row.report.registered_at == beyond)
            if len(seen) == len(rows):
                return
            wanted = replace(wanted, since=beyond) if wanted.oldest_first else replace(wanted, until=beyond)

    async def _rows(self, reader: Reader, wanted: Wanted) -> tuple[Sequence[InboxRow], datetime | None]:
        """The reports that this person may see of the first 500, and where these end when there may be more."""
        categories, places = await self._registers.categories(), await self._registers.places()
        if wanted.words:
            reports = await self._with_words(reader, wanted)
            is_cut = False
        else:
            reports = await window(self._context, wanted, _own_categories(reader, categories))
            is_cut = len(reports) == WINDOW
        codes = {one.category for one in reports}
        readable = {code for code in codes if may_read(reader.roles, categories.category(code))}
        visible = [one for one in reports if one.category in readable]
        unreviewed = await self._unreviewed(visible, categories)
        kinds = {code: _kind(categories, code) for code in readable}
        rows = [_row(one, kinds, places, one.report_id in unreviewed) for one in visible]
        return rows, reports[-1].registered_at if is_cut else None

    async def _with_words(self, reader: Reader, wanted: Wanted) -> Sequence[Listed]:
        hashes = self._words.of(wanted.words)
        if not hashes:
            return []
        await self._context.audit(
            reader.subject, SEARCHED, {"roles": sorted(reader.roles), "words": len(hashes)}
        )
        found = await reports_with_words(self._context, hashes)
        since, until = wanted.since, wanted.until
        kept = [
            one
            for one in found
            if one.status in wanted.state.statuses
            and (since is None or one.registered_at >= since)
            and (until is None or one.registered_at <= until)
        ]
        return kept[::-1] if wanted.oldest_first else kept

    async def _unreviewed(self, reports: Sequence[Listed], categories: Categories) -> frozenset[str]:
        """Those whose photos somebody has to look at: only reports of public categories can show any."""
        public = {one.code for one in categories.categories if one.is_public}
        return await with_unreviewed_photos(
            self._context, [one.report_id for one in reports if one.category in public]
        )


def end_of(day: datetime) -> datetime:
    """The last instant of the day that begins at this time."""
    return day + timedelta(days=1) - _INSTANT


def _own_categories(reader: Reader, categories: Categories) -> Sequence[str] | None:
    """The categories that this person reads, or None for one who reads all."""
    codes = [one.code for one in categories.categories if may_read(reader.roles, one)]
    return None if len(codes) == len(categories.categories) else codes


def _kind(categories: Categories, code: str) -> str:
    category = categories.category(code)
    return category.kind.value if category else NONE


def _row(report: Listed, kinds: Mapping[str, str], places: PlaceTree, has_unreviewed: bool) -> InboxRow:
    place = places.place(report.place_id)
    codes = {
        Facet.GROUP: kinds[report.category],
        Facet.AREA: place.neighbourhood if place else NONE,
        Facet.SOURCE: report.channel,
        Facet.URGENCY: report.urgency,
        Facet.PHOTOS: UNREVIEWED if has_unreviewed else NONE,
    }
    return InboxRow(report, codes, place.province if place else "")
