"""Rules, budgets and measures are put in force when the service starts; a restart changes no money."""

import copy
from typing import Any

import pytest
from tests.subsidies.steps import apply, body, path, published, start

from chassis.errors import Refused
from subsidies.adapters.rule_files import Rules
from subsidies.entrypoints.startup import put_in_force
from subsidies.handlers.allocate_budget import AllocateBudget
from subsidies.handlers.documents import (
    BUDGETS,
)


async def test_a_restart_never_refills_a_budget(service: Any, rules: Rules) -> None:
    await start(service, rules)
    await apply(service, 1)
    await service.http.put(path(1, "/data"), json=body())
    before = copy.deepcopy(await service.store.query(BUDGETS.name, {}))

    await start(service, rules)

    assert await service.store.query(BUDGETS.name, {}) == before


async def test_an_allocation_follows_its_file_up_and_down_but_not_below_the_spent_cents(
    service: Any, rules: Rules
) -> None:
    await start(service, rules, bergamo=250000)
    await apply(service, 1)
    await service.http.put(path(1, "/data"), json=body())

    seen = []
    for cents in (300000, 250000, 300000, 180000):
        await start(service, rules, bergamo=cents)
        budget = await service.context.load(BUDGETS, "crs-2026-bergamo")
        seen.append((budget.allocated_cents, budget.available_cents, budget.reserved_cents))

    assert seen == [
        (300000, 120000, 180000),
        (250000, 70000, 180000),
        (300000, 120000, 180000),
        (180000, 0, 180000),
    ]
    assert (await published(service)).count("budget-exhausted.v1") == 1
    with pytest.raises(Refused, match="budget-below-spent"):
        await start(service, rules, bergamo=179999)


async def test_a_budget_keeps_its_measure_and_province(service: Any, rules: Rules) -> None:
    await start(service, rules)
    moved = AllocateBudget("crs-2026-lecco", "crs-2026", "sondrio", 800000)

    with pytest.raises(Refused, match="budget-moved"):
        await put_in_force(service.context, (), (moved,), rules.measures)
