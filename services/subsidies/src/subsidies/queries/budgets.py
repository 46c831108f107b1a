"""Reads budgets and compares them with their ledger; amounts in cents."""

from collections import Counter

from chassis.service import ServiceContext
from subsidies.domain.budgets import Budget
from subsidies.handlers.documents import BUDGETS, LEDGER
from subsidies.queries.views import BudgetView, budget_view

MOST_BUDGETS = 500
NO_LIMIT = 0


async def list_budgets(context: ServiceContext) -> list[BudgetView]:
    """At most 500 budgets, ordered by code."""
    found = await context.list(BUDGETS, {}, [("state.code", 1)], MOST_BUDGETS)
    return [budget_view(one) for one in found]


async def available_cents(context: ServiceContext) -> dict[str, int]:
    """The available cents of each budget, by code."""
    return {code: budget.available_cents for code, budget in (await _budgets(context)).items()}


async def ledger_differences(context: ServiceContext) -> dict[str, int]:
    """Allocated - reserved by the ledger - available of each budget, by code; anything but 0 is an error.

    A budget that changed while the ledger was read is left out.
    """
    before = await _budgets(context)
    reserved = Counter[str]()
    for entry in await context.list(LEDGER, limit=NO_LIMIT):
        reserved[entry.budget] += entry.cents
    after = await _budgets(context)
    return {
        code: budget.allocated_cents - reserved[code] - budget.available_cents
        for code, budget in before.items()
        if after.get(code) == budget
    }


async def _budgets(context: ServiceContext) -> dict[str, Budget]:
    return {budget.code: budget for budget in await context.list(BUDGETS, limit=NO_LIMIT)}
