"""Sets the allocation of a budget."""

from dataclasses import dataclass

from chassis.errors import Refused
from chassis.handling import NOTHING, Change, Moment
from contracts.subsidies import BudgetExhausted
from subsidies.domain.budgets import Budget
from subsidies.handlers.documents import BUDGETS


@dataclass(frozen=True)
class AllocateBudget:
    """Set the allocation of one budget, in cents."""

    code: str
    measure: str
    province: str
    allocated_cents: int


def allocate_budget(command: AllocateBudget, budget: Budget | None, _moment: Moment) -> Change:
    """Create a budget or change its allocation; raises Refused when it is lower than the spent cents."""
    if budget is None:
        cents = command.allocated_cents
        return Change(
            write=[BUDGETS.put(Budget(command.code, command.measure, command.province, cents, cents))]
        )
    if (budget.measure, budget.province) != (command.measure, command.province):
        raise Refused("budget-moved", f"{budget.code} belongs to {budget.measure}, {budget.province}.")
    if budget.allocated_cents == command.allocated_cents:
        return NOTHING
    if command.allocated_cents < budget.spent_cents:
        raise Refused(
            "budget-below-spent",
            f"{budget.code}: {budget.spent_cents} cents are already reserved, committed or paid.",
            field="allocated_cents",
            fix=f"Allocate at least {budget.spent_cents} cents.",
        )
    moved = budget.reallocate(command.allocated_cents)
    exhausted = budget.available_cents > 0 and moved.available_cents == 0
    events = [
        BudgetExhausted(budget=moved.code, measure=moved.measure, allocated_cents=moved.allocated_cents)
    ]
    return Change(write=[BUDGETS.put(moved)], events=events if exhausted else ())
