"""Queries for the reports that everybody may see."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from chassis.documents import AnyOf, Between, Index
from chassis.sealing import Sealed
from chassis.service import ServiceContext
from intake.domain.photos import Photo
from intake.domain.publications import Publication
from intake.domain.reports import Report, Status
from intake.handlers.documents import PHOTOS, PRIVATE, PUBLICATIONS, REPORTS

INDEXES = (
    Index(REPORTS.name, (("state.category", 1), ("state.registered_at", 1), ("_id", 1))),
    Index(REPORTS.name, (("state.updated_at", 1), ("_id", 1))),
    Index(REPORTS.name, (("state.category", 1), ("state.registered_at", -1)), retired=True),
    Index(REPORTS.name, (("state.updated_at", -1),), retired=True),
)


@dataclass(frozen=True)
class Selection:
    """Which reports: of these categories and statuses, at these places (None: anywhere), and in these times, inclusive."""

    categories: Sequence[str]
    statuses: Sequence[Status]
    places: Sequence[str] | None = None
    registered: tuple[datetime, datetime] | None = None
    updated: tuple[datetime, datetime] | None = None


@dataclass(frozen=True)
class PublicRow:
    """A report with its publication, or None, its reviewed photos, and the key of its contents; an erased one has no `sealed`."""

    report: Report
    publication: Publication | None
    sealed: Sealed | None
    photos: tuple[Photo, ...] = ()


async def selected_reports(context: ServiceContext, selection: Selection, limit: int) -> Sequence[Report]:
    """The reports selected, at most `limit`: the latest registered first, or the latest updated where `updated` selects."""
    order = [("state.registered_at" if selection.updated is None else "state.updated_at", -1), ("_id", -1)]
    return await context.list(REPORTS, _where(selection), order, limit)


async def reports_by_id(context: ServiceContext, report_ids: Sequence[str]) -> Sequence[Report]:
    """The reports with these ids, the latest registered first."""
    where = {"_id": AnyOf(list(report_ids))}
    return await context.list(REPORTS, where, [("state.registered_at", -1), ("_id", 1)], len(report_ids))


async def public_rows(context: ServiceContext, reports: Sequence[Report]) -> Sequence[PublicRow]:
    """These reports with their publications and their reviewed photos, in the same order."""
    if not reports:
        return []
    where = {"_id": AnyOf([report.report_id for report in reports])}
    published = {one.report_id: one for one in await context.list(PUBLICATIONS, where, limit=len(reports))}
    sealed = {one.owner: one for one in await context.list(PRIVATE, where, limit=len(reports))}
    photos = {one.report_id: one.reviewed for one in await context.list(PHOTOS, where, limit=len(reports))}
    return [
        PublicRow(
            report,
            published.get(report.report_id),
            _with_key(sealed.get(report.report_id)),
            photos.get(report.report_id, ()),
        )
        for report in reports
    ]


def _with_key(sealed: Sealed | None) -> Sealed | None:
    """None after the erasure, which deletes the key."""
    return sealed if sealed is not None and sealed.key else None


def _where(selection: Selection) -> Mapping[str, Any]:
    where: dict[str, Any] = {
        "state.category": AnyOf(list(selection.categories)),
        "state.status": AnyOf([status.value for status in selection.statuses]),
    }
    if selection.places is not None:
        where["state.place_id"] = AnyOf(list(selection.places))
    if selection.registered is not None:
        where["state.registered_at"] = Between(*selection.registered)
    if selection.updated is not None:
        where["state.updated_at"] = Between(*selection.updated)
    return where
