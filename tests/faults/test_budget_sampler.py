"""Budgets are checked in one snapshot while the load continues, and a wrong sum is found."""

from types import SimpleNamespace
from typing import Any, cast

import pytest
from bench.faults.context import BudgetSampler
from bench.faults.environment import Environment
from bench.faults.monitor import Monitor
from pymongo import MongoClient

from stack.system import System

pytestmark = pytest.mark.engines


def monitor_of(client: MongoClient[dict[str, Any]]) -> Monitor:
    return Monitor(cast(Environment, SimpleNamespace(client=lambda: client)))


def budget(**parts: int) -> dict[str, Any]:
    cents = {f"{part}_cents": 0 for part in ("available", "reserved", "committed", "paid")}
    cents |= {f"{part}_cents": number for part, number in parts.items()}
    return {"_id": "prova", "state": {"code": "prova", **cents}}


@pytest.mark.parametrize(
    ("parts", "violations"),
    [
        ({"allocated": 100, "available": 100}, 0),
        ({"allocated": 100, "available": 101}, 1),
        ({"allocated": 100, "available": -1, "reserved": 101}, 3),  # nothing was granted and nothing moved
    ],
)
def test_a_budget_that_does_not_add_up_is_seen(
    engines: System, parts: dict[str, int], violations: int
) -> None:
    sampler = BudgetSampler(every=0.0)
    with MongoClient[dict[str, Any]](engines.mongod.admin) as client:
        client["subsidies"]["budgets"].replace_one({"_id": "prova"}, budget(**parts), upsert=True)
        try:
            sampler.sample(monitor_of(client))
        finally:
            client["subsidies"]["budgets"].delete_one({"_id": "prova"})

    assert sampler.taken == 1
    assert len([text for text in sampler.violations if "prova" in text]) == violations
