"""Queries for the desk's inbox."""

from collections.abc import Sequence
from typing import Any

from chassis.documents import AllOf, AnyOf, AtLeast, AtMost, Between, Index
from chassis.service import ServiceContext
from intake.domain.inbox import Wanted
from intake.domain.reports import Report
from intake.handlers.documents import PHOTOS, PRIVATE, REPORTS

# A page looks at no more reports than these, however many there are: its cost does not grow with them.
WINDOW = 1000
INDEXES = (Index(PRIVATE.name, (("state.words", 1), ("_id", -1))),)


async def window(
    context: ServiceContext, wanted: Wanted, categories: Sequence[str] | None
) -> Sequence[Report]:
    """The first reports with this state and time, in the order of the list, at most 1,000; of these categories, or of any."""
    direction = 1 if wanted.oldest_first else -1
    order = [("state.registered_at", direction), ("_id", direction)]
    return await context.list(REPORTS, _where(wanted, categories), order, WINDOW)


async def reports_with_words(context: ServiceContext, words: Sequence[bytes]) -> Sequence[Report]:
    """The reports whose text has all these keyed words, the newest 1,000."""
    # Ids are ordered by time: the latest come first.
    found = await context.list(PRIVATE, {"state.words": AllOf(words)}, [("_id", -1)], WINDOW)
    if not found:
        return []
    where = {"_id": AnyOf([one.owner for one in found])}
    return await context.list(REPORTS, where, [("state.registered_at", -1), ("_id", -1)], WINDOW)


async def with_unreviewed_photos(context: ServiceContext, report_ids: Sequence[str]) -> frozenset[str]:
    """Those of these reports that have a photo about which nobody has decided whether everybody may see it."""
    if not report_ids:
        return frozenset()
    found = await context.list(PHOTOS, {"_id": AnyOf(report_ids)}, limit=len(report_ids))
    return frozenset(one.report_id for one in found if any(p.reviewed_by is None for p in one.photos))


def _where(wanted: Wanted, categories: Sequence[str] | None) -> dict[str, Any]:
    where: dict[str, Any] = {"state.status": AnyOf([one.value for one in wanted.state.statuses])}
    if categories is not None:
        where["state.category"] = AnyOf(categories)
    if wanted.since is not None and wanted.until is not None:
        where["state.registered_at"] = Between(wanted.since, wanted.until)
    elif wanted.since is not None:
        where["state.registered_at"] = AtLeast(wanted.since)
    elif wanted.until is not None:
        where["state.registered_at"] = AtMost(wanted.until)
    return where
