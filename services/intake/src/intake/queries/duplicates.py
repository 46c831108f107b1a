"""Queries for reports that may be about the same problem."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from chassis.documents import AnyOf, AtLeast
from chassis.service import ServiceContext
from intake.domain.reports import ENDED, Report, Status
from intake.handlers.documents import PRIVATE, REPORTS


async def open_reports_at(
    context: ServiceContext, place_ids: Sequence[str], since: datetime, most: int
) -> Sequence[Report]:
    """The reports about these places since then that have not ended, the newest first, at most `most`."""
    if not place_ids:
        return []
    where = {
        "state.place_id": AnyOf(place_ids),
        "state.status": AnyOf([status.value for status in Status if status not in ENDED]),
        "state.registered_at": AtLeast(since),
    }
    return await context.list(REPORTS, where, [("state.registered_at", -1)], most)


async def words_of(context: ServiceContext, report_ids: Sequence[str]) -> Mapping[str, tuple[bytes, ...]]:
    """The keyed words of these reports; an erased report has none."""
    if not report_ids:
        return {}
    found = await context.list(PRIVATE, {"_id": AnyOf(report_ids)}, limit=len(report_ids))
    return {one.owner: one.words for one in found}
