"""Queries for reports that may be about the same problem."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from chassis.documents import AnyOf, AtLeast
from chassis.service import ServiceContext
from intake.domain.reports import ENDED, Report
from intake.handlers.documents import PRIVATE, REPORTS


async def open_reports_at(
    context: ServiceContext, place_ids: Sequence[str], since: datetime, most: int
) -> Sequence[Report]:
    """The reports about these places that have not ended, the newest first, of the newest `most`."""
    if not place_ids:
        return []
    where = {"state.place_id": AnyOf(place_ids), "state.registered_at": AtLeast(since)}
    found = await context.list(REPORTS, where, [("state.registered_at", -1)], most)
    return [one for one in found if one.status not in ENDED]


async def words_of(context: ServiceContext, report_ids: Sequence[str]) -> Mapping[str, tuple[bytes, ...]]:
    """The keyed words of these reports; an erased report has none."""
    if not report_ids:
        return {}
    found = await context.list(PRIVATE, {"_id": AnyOf(report_ids)}, limit=len(report_ids))
    return {one.owner: one.words for one in found}
