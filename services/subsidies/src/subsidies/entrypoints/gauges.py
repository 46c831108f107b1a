"""What subsidies shows of itself to who runs it: the budgets, and the standing audit of them."""

from collections import Counter
from collections.abc import Mapping

from chassis.service import Gauge, ServiceContext
from subsidies.domain.budget import Budget
from subsidies.handlers.documents import BUDGETS, LEDGER

ALL = 0


async def _budgets(context: ServiceContext) -> dict[str, Budget]:
    return {budget.code: budget for budget in await context.list(BUDGETS, limit=ALL)}


async def available(context: ServiceContext) -> Mapping[tuple[str, ...], float]:
    """What each budget has left."""
    return {(code,): budget.available_cents for code, budget in (await _budgets(context)).items()}


async def difference(context: ServiceContext) -> Mapping[tuple[str, ...], float]:
    """What is missing of each budget beside what its ledger says was promised.

    Budgets that moved while the ledger was read are looked at the next time.
    """
    before = await _budgets(context)
    promised = Counter[str]()
    for entry in await context.list(LEDGER, limit=ALL):
        promised[entry.budget] += entry.cents
    after = await _budgets(context)
    return {
        (code,): budget.allocated_cents - promised[code] - budget.available_cents
        for code, budget in before.items()
        if after.get(code) == budget
    }


GAUGES = (
    Gauge("budget_available_cents", "What a budget has left.", available, ("budget",)),
    Gauge(
        "budget_difference_cents",
        "Allocated, minus what the ledger promises, minus what is left; anything but 0 is a wrong account.",
        difference,
        ("budget",),
    ),
)
