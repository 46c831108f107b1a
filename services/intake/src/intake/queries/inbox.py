"""Queries for the desk's inbox."""

from collections.abc import Mapping, Sequence
from typing import Any

from chassis.documents import AllOf, AnyOf, AtLeast, AtMost, Between, Index, Raw
from chassis.service import ServiceContext
from intake.domain.inbox import Listed, Wanted
from intake.domain.reports import Report
from intake.handlers.documents import PHOTOS, PRIVATE, REPORTS

# A page looks at no more reports than these, however many there are: its cost does not grow with them.
WINDOW = 500
# What is read of each, in the order of `Listed`; these fields have been in every form of a report.
LISTED = ("registered_at", "status", "category", "place_id", "channel", "urgency")
_FIELDS = tuple(f"state.{name}" for name in LISTED)
INDEXES = (
    Index(PRIVATE.name, (("state.words", 1), ("_id", -1))),
    # An order that ends with the id needs it in the index too: otherwise all that is selected is sorted for each page. What a
    # window shows is read from this index alone.
    Index(
        REPORTS.name,
        (
            ("state.status", 1),
            ("state.registered_at", 1),
            ("_id", 1),
            *((f"state.{name}", 1) for name in LISTED[2:]),
        ),
    ),
    Index(REPORTS.name, (("state.status", 1), ("state.registered_at", 1)), retired=True),
)


async def window(
    context: ServiceContext, wanted: Wanted, categories: Sequence[str] | None
) -> Sequence[Listed]:
    """The first reports with this state and time, in the order of the list, at most 500; of these categories, or of any."""
    direction = 1 if wanted.oldest_first else -1
    order = [("state.registered_at", direction), ("_id", direction)]
    where = _where(wanted, categories)
    return [_listed(row) for row in await context.store.query(REPORTS.name, where, order, WINDOW, _FIELDS)]


async def reports_with_words(context: ServiceContext, words: Sequence[bytes]) -> Sequence[Listed]:
    """The reports whose text has all these keyed words, the newest 500."""
    # Ids are ordered by time: the latest come first.
    where = {"state.words": AllOf(words)}
    found = await context.store.query(PRIVATE.name, where, [("_id", -1)], WINDOW, ["_id"])
    if not found:
        return []
    order = [("state.registered_at", -1), ("_id", -1)]
    ids = {"_id": AnyOf([one["_id"] for one in found])}
    return [_listed(row) for row in await context.store.query(REPORTS.name, ids, order, WINDOW, _FIELDS)]


async def whole_reports(context: ServiceContext, report_ids: Sequence[str]) -> Mapping[str, Report]:
    """These reports with all that their rows show, by id."""
    if not report_ids:
        return {}
    found = await context.list(REPORTS, {"_id": AnyOf(report_ids)}, limit=len(report_ids))
    return {one.report_id: one for one in found}


async def with_unreviewed_photos(context: ServiceContext, report_ids: Sequence[str]) -> frozenset[str]:
    """Those of these reports that have a photo about which nobody has decided whether everybody may see it."""
    if not report_ids:
        return frozenset()
    where, fields = {"_id": AnyOf(report_ids)}, ["state.photos.reviewed_by"]
    rows = await context.store.query(PHOTOS.name, where, (), len(report_ids), fields)
    return frozenset(
        row["_id"]
        for row in rows
        if any(one.get("reviewed_by") is None for one in (row.get("state") or {}).get("photos", ()))
    )


def _listed(row: Raw) -> Listed:
    return Listed(row["_id"], *map(row["state"].__getitem__, LISTED))


async def with_left_out_photos(context: ServiceContext, report_ids: Sequence[str]) -> frozenset[str]:
    """Those of these reports to which a photo could not be added."""
    if not report_ids:
        return frozenset()
    found = await context.list(PHOTOS, {"_id": AnyOf(report_ids)}, limit=len(report_ids))
    return frozenset(one.report_id for one in found if one.left_out)


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
