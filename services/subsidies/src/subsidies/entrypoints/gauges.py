"""The gauges of subsidies: the available money, and the difference between budgets and their ledger."""

from collections.abc import Mapping

from chassis.service import Gauge, ServiceContext
from subsidies.queries.budgets import available_cents, ledger_differences


async def available(context: ServiceContext) -> Mapping[tuple[str, ...], float]:
    """The available cents of each budget."""
    return {(code,): cents for code, cents in (await available_cents(context)).items()}


async def difference(context: ServiceContext) -> Mapping[tuple[str, ...], float]:
    """The difference in cents between each budget and its ledger."""
    return {(code,): cents for code, cents in (await ledger_differences(context)).items()}


GAUGES = (
    Gauge("budget_available_cents", "The available cents of a budget.", available, ("budget",)),
    Gauge(
        "budget_difference_cents",
        "Allocated, minus reserved by the ledger, minus available; anything but 0 is an error.",
        difference,
        ("budget",),
    ),
)
