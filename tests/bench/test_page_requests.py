"""The requests of `make bench-pages`: they read every page of reports, and each reads through an index in the order that it needs."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from bench.page_requests import asked_of
from bench.page_services import SERVICES, Served, serving
from bench.stored_reports import LATEST, Agency
from pymongo import AsyncMongoClient

from chassis.clock import utc_now
from stack.system import System

AGENCY = Agency(utc_now())
# Whole by nature: there are as many as the agency has places, rules and budgets, not as it has reports.
SMALL = frozenset({"places", "registers", "categories", "budgets", "packs", "absences"})


@pytest.fixture(params=SERVICES)
async def served(request: pytest.FixtureRequest, engines: System) -> AsyncIterator[tuple[Served, str]]:
    """A service with a thousand reports, and its name."""
    async with serving(request.param, engines.mongod.admin, AGENCY, LATEST) as found:
        yield found, request.param


async def test_every_page_reads_through_an_index(served: tuple[Served, str], engines: System) -> None:
    service, name = served
    requests = asked_of(name, AGENCY)
    async with AsyncMongoClient[dict[str, Any]](engines.mongod.admin) as client:
        database = client[f"{name}-{LATEST}"]
        await database.create_collection("system.profile", capped=True, size=64 * 1024**2)
        await database.command("profile", 2)
        for asked in requests:
            await service.ask(asked)
        await database.command("profile", 0)
        slow = [row async for row in database["system.profile"].find({"op": {"$in": ["query", "command"]}})]
        await client.drop_database(database.name)

    assert service.without(requests) == []
    assert "\n".join(sorted({found for row in slow if (found := _fault(row))})) == ""


def _fault(row: dict[str, Any]) -> str:
    """What a query did without an index; what belongs to a neighbourhood, a person or some ids may be sorted after it was read."""
    plan, where = row.get("planSummary", ""), row["ns"].rpartition(".")[2]
    by_id = plan.startswith(("IDHACK", "IXSCAN { _id: 1 }"))
    is_sorted = row.get("hasSortStage") and row["docsExamined"] > LATEST / 5
    if where in SMALL or by_id or not (plan == "COLLSCAN" or is_sorted):
        return ""
    asked = row["command"]
    return f"{where} by {sorted(asked['filter'])} in the order {asked.get('sort')}: {plan}, {row['docsExamined']} read"
