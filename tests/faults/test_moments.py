"""Money is looked at while everything goes on, in one snapshot, and a budget that does not add up is seen at once."""

from types import SimpleNamespace
from typing import Any, cast

import pytest
from bench.faults.ground import Moments
from bench.faults.stand import Stand
from bench.faults.watch import Watch
from pymongo import MongoClient

from stack.system import System

pytestmark = pytest.mark.engines


def watch_by(client: MongoClient[dict[str, Any]]) -> Watch:
    return Watch(cast(Stand, SimpleNamespace(client=lambda: client)))


def budget(**parts: int) -> dict[str, Any]:
    cents = {f"{part}_cents": 0 for part in ("available", "reserved", "committed", "paid")}
    cents |= {f"{part}_cents": number for part, number in parts.items()}
    return {"_id": "prova", "state": {"code": "prova", **cents}}


@pytest.mark.parametrize(
    ("parts", "lies"),
    [
        ({"allocated": 100, "available": 100}, 0),
        ({"allocated": 100, "available": 101}, 1),
        ({"allocated": 100, "available": -1, "reserved": 101}, 3),  # nothing was granted and nothing moved
    ],
)
def test_a_budget_that_does_not_add_up_is_seen(engines: System, parts: dict[str, int], lies: int) -> None:
    moments = Moments(every=0.0)
    with MongoClient[dict[str, Any]](engines.mongod.admin) as client:
        client["subsidies"]["budgets"].replace_one({"_id": "prova"}, budget(**parts), upsert=True)
        try:
            moments.take(watch_by(client))
        finally:
            client["subsidies"]["budgets"].delete_one({"_id": "prova"})

    assert moments.taken == 1
    assert len([text for text in moments.lies if "prova" in text]) == lies
