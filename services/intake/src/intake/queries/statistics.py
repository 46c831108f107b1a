"""The query for what the statistics know of the reports."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from datetime import date, datetime
from zoneinfo import ZoneInfo

from chassis.documents import AtLeast, Raw
from chassis.service import ServiceContext
from intake.domain.place_tree import PlaceTree
from intake.domain.reports import Status
from intake.domain.statistics import Fact
from intake.handlers.documents import REPORTS

ROME = ZoneInfo("Europe/Rome")
_AT_ONCE = 500
# What a fact is made of, in every form of a report; there may be very many of them, and the rest is not even read.
_FIELDS = (
    *(
        f"state.{name}"
        for name in ("place_id", "category", "urgency", "status", "heard_at", "updated_at", "score")
    ),
    "state.history.what",
    "state.history.at",
)


async def read_facts(context: ServiceContext, places: PlaceTree) -> list[Fact]:
    """All reports but the withdrawn ones; other requests are served in between."""
    areas = {place.id: place.neighbourhood for place in places.places}
    found = [_fact(row["state"], areas) async for row in _rows(context)]
    return [fact for fact in found if fact is not None]


async def _rows(context: ServiceContext) -> AsyncIterator[Raw]:
    last = ""
    while True:
        rows = await context.store.query(
            REPORTS.name, {"_id": AtLeast(last)}, [("_id", 1)], _AT_ONCE, _FIELDS
        )
        for row in rows:
            if row["_id"] != last and row.get("state"):
                yield row
        if len(rows) < _AT_ONCE:
            return
        last = rows[-1]["_id"]
        await asyncio.sleep(0)


def _fact(state: Raw, areas: Mapping[str, str]) -> Fact | None:
    """The fact of a stored report of any form."""
    area = areas.get(state["place_id"])
    if area is None or state["status"] == Status.WITHDRAWN:
        return None
    heard_on = _day(state["heard_at"])
    closed_on = _closed_on(state) if state["status"] == Status.CLOSED else None
    return Fact(area, state["category"], state["urgency"], heard_on, closed_on, state.get("score"))


def _closed_on(state: Raw) -> date:
    closings = [step["at"] for step in state.get("history", ()) if step["what"] == Status.CLOSED]
    return _day(closings[-1] if closings else state["updated_at"])


def _day(moment: datetime) -> date:
    return moment.astimezone(ROME).date()
