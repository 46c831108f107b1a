"""Queries for reports by the keyed hashes of their contacts."""

from collections.abc import Sequence

from chassis.documents import AnyOf, Index
from chassis.service import ServiceContext
from intake.domain.reports import Report
from intake.handlers.documents import PRIVATE, REPORTS

INDEXES = (Index(PRIVATE.name, (("state.lookup", 1),)),)


async def reports_with_hashes(context: ServiceContext, hashes: Sequence[str], limit: int) -> Sequence[Report]:
    """The reports whose contact has one of these hashes, the newest first, at most `limit`."""
    if not hashes:
        return []
    # Ids are ordered by time: the latest come first.
    found = await context.list(PRIVATE, {"state.lookup": AnyOf(hashes)}, [("_id", -1)], limit)
    where = {"_id": AnyOf([one.owner for one in found])}
    return await context.list(REPORTS, where, [("state.registered_at", -1)], limit) if found else []
