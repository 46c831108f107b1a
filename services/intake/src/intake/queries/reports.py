"""Queries for reports and their encrypted contents."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from chassis.documents import AnyOf, Collection, Index
from chassis.service import ServiceContext
from intake.domain.entries import Entries
from intake.domain.photos import Photos
from intake.domain.ratings import Closing, closing_of
from intake.domain.reports import ENDED, MERGED, REOPENABLE, SPLIT, Report, Status, Step, last_closing
from intake.handlers.documents import ENTRIES, PHOTOS, PRIVATE, REPORTS, PrivatePart

INDEXES = (
    Index(REPORTS.name, (("state.tracking_code", 1),)),
    Index(REPORTS.name, (("state.place_id", 1), ("state.status", 1), ("state.registered_at", 1))),
    Index(REPORTS.name, (("state.place_id", 1), ("state.registered_at", 1)), retired=True),
)
_DEEPEST = 20
_MOST_WITH_ONE_CODE = 8  # codes have 50 bits and are not unique


@dataclass(frozen=True)
class StatusView:
    """The public part of a report; fields without a value yet are None. One that `is_shared` shows the case of another report."""

    report_id: str
    tracking_code: str
    status: Status
    category: str
    place_id: str
    registered_at: datetime
    updated_at: datetime
    route: str | None
    due_at: datetime | None
    outcome: str | None
    history: tuple[Step, ...] = ()
    closing: Closing | None = None
    is_shared: bool = False

    @property
    def reopenable_until(self) -> datetime | None:
        """Until when the reporter can reopen it, or None for a report that cannot be reopened."""
        closed_at = last_closing(self.status, self.history, self.registered_at)
        return closed_at and closed_at + REOPENABLE

    @property
    def ended(self) -> bool:
        """Whether the report is closed or withdrawn."""
        return self.status in ENDED


@dataclass(frozen=True)
class StoredReport:
    """A report with its encrypted content, or None when that was erased."""

    report: Report
    sealed: PrivatePart | None


@dataclass(frozen=True)
class ReportDocuments:
    """What is stored about one report as of one moment; None for a document that there is not."""

    report: Report | None
    sealed: PrivatePart | None
    entries: Entries | None
    photos: Photos | None


def status_view(report: Report) -> StatusView:
    """The public part of this report."""
    return StatusView(
        report_id=report.report_id,
        tracking_code=report.tracking_code,
        status=report.status,
        category=report.category,
        place_id=report.place_id,
        registered_at=report.registered_at,
        updated_at=report.updated_at,
        route=report.route,
        due_at=report.due_at,
        outcome=report.outcome,
        history=report.history,
        closing=closing_of(report),
    )


async def followed_view(context: ServiceContext, report: Report) -> StatusView:
    """The public part of a report; one that shares the case of another has its state, office and dates, and nothing personal."""
    own = status_view(report)
    main = None if own.ended or report.merged_into is None else await main_of(context, report.merged_into)
    if main is None or main.status in ENDED:
        return own
    since = max((step.at for step in own.history if step.what == MERGED), default=report.registered_at)
    later = [step for step in main.history if step.at > since and step.what not in (MERGED, SPLIT)]
    return replace(
        own,
        status=main.status,
        route=main.route,
        due_at=main.due_at,
        updated_at=max(own.updated_at, main.updated_at),
        history=(*(step for step in own.history if step.at <= since), *later),
        is_shared=True,
    )


async def main_of(context: ServiceContext, report_id: str) -> Report | None:
    """The report whose case a report shares, or itself; None for a missing one."""
    report = await context.load(REPORTS, report_id)
    for _ in range(_DEEPEST):
        if report is None or report.merged_into is None:
            return report
        report = await context.load(REPORTS, report.merged_into)
    return report


async def report_of(context: ServiceContext, report_id: str) -> Report | None:
    """The report with this id, without its contents, or None."""
    return await context.load(REPORTS, report_id)


async def documents_of(context: ServiceContext, report_id: str) -> ReportDocuments:
    """What is stored about the report with this id, in one request."""
    collections: tuple[Collection[Any], ...] = (REPORTS, PRIVATE, ENTRIES, PHOTOS)
    found = await context.snapshot(*(one[report_id] for one in collections))
    return ReportDocuments(*(found.get(one, report_id) for one in collections))


async def status_of(context: ServiceContext, report_id: str) -> StatusView | None:
    """The public part of the report with this id, or None."""
    report = await report_of(context, report_id)
    return None if report is None else await followed_view(context, report)


async def reports_with_code(context: ServiceContext, tracking_code: str) -> Sequence[Report]:
    """The reports with this tracking code."""
    return await context.list(REPORTS, {"state.tracking_code": tracking_code}, limit=_MOST_WITH_ONE_CODE)


async def newest_at_place(context: ServiceContext, place_id: str, limit: int) -> Sequence[str]:
    """The ids of the newest reports about this place, at most `limit`."""
    where = {"state.place_id": place_id, "state.status": AnyOf([status.value for status in Status])}
    order = [("state.registered_at", -1)]
    return [row["_id"] for row in await context.store.query(REPORTS.name, where, order, limit, ["_id"])]


async def has_reports_of(context: ServiceContext, category: str) -> bool:
    """Whether any report has this category; reads the collection, so only for a category that is gone."""
    return bool(await context.list(REPORTS, {"state.category": category}, limit=1))


async def reports_with_contents(
    context: ServiceContext, report_ids: Sequence[str]
) -> Mapping[str, StoredReport]:
    """The reports with these ids and their encrypted contents, by id; ids without a report are left out."""
    refs = (one[report_id] for one in (REPORTS, PRIVATE) for report_id in report_ids)
    found = await context.snapshot(*refs)
    return {
        one: StoredReport(report, found.get(PRIVATE, one))
        for one in report_ids
        if (report := found.get(REPORTS, one)) is not None
    }


async def open_reports_at(context: ServiceContext, place_ids: Sequence[str], limit: int) -> Sequence[Report]:
    """The reports about these places that have not ended, the newest first, at most `limit`."""
    states = [status.value for status in Status if status not in ENDED]
    where = {"state.place_id": AnyOf(place_ids), "state.status": AnyOf(states)}
    return await context.list(REPORTS, where, [("state.registered_at", -1)], limit)


async def oldest_unanswered(context: ServiceContext) -> datetime | None:
    """The registration time of the oldest report in status registered, or None."""
    where = {"state.status": Status.REGISTERED.value}
    found = await context.list(REPORTS, where, [("state.registered_at", 1)], 1)
    return found[0].registered_at if found else None
