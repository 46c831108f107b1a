"""Queries for reports by the keyed hashes of their contacts."""

from collections.abc import Sequence

from chassis.documents import AnyOf, Index
from chassis.service import ServiceContext
from intake.domain.reports import Report
from intake.handlers.documents import PRIVATE, REPORTS
from intake.queries.reports import newest_at_place

INDEXES = (Index(PRIVATE.name, (("state.lookup", 1),)),)


async def reports_with_hashes(context: ServiceContext, hashes: Sequence[str], limit: int) -> Sequence[Report]:
    """The reports whose contact has one of these hashes, the newest first, at most `limit`."""
    if not hashes:
        return []
    # Ids are ordered by time: the latest come first.
    found = await context.list(PRIVATE, {"state.lookup": AnyOf(hashes)}, [("_id", -1)], limit)
    where = {"_id": AnyOf([one.owner for one in found])}
    return await context.list(REPORTS, where, [("state.registered_at", -1)], limit) if found else []


async def reports_without_hashes(context: ServiceContext, place_id: str, limit: int) -> Sequence[Report]:
    """Those of the newest reports about this place, at most `limit`, whose contents a build stored that made no hashes."""
    ids = await newest_at_place(context, place_id, limit)
    # The first form of a document has no number.
    where = {"_id": AnyOf(ids), "schema": AnyOf((None, 1))}
    old = await context.store.query(PRIVATE.name, where, (), limit, ["_id"]) if ids else []
    return await context.list(REPORTS, {"_id": AnyOf([one["_id"] for one in old])}, (), limit) if old else []
