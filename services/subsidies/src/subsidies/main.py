"""Subsidies, plugged together: what it reads, hears, keeps and shows."""

from chassis.documents import Index
from chassis.sealing import Sealer
from chassis.service import Plan, ServiceContext
from subsidies.adapters.rule_files import read_rules
from subsidies.entrypoints.gauges import GAUGES
from subsidies.entrypoints.http import applications_router, budgets_router
from subsidies.entrypoints.safe import Safe
from subsidies.entrypoints.seed import put_in_force
from subsidies.handlers.documents import APPLICATIONS, BUDGETS, DECISIONS, LEDGER, PACKS, PRIVATE, REGISTERS
from subsidies.handlers.reactions import REACTIONS, SUBSCRIBES
from subsidies.settings import Settings


def plan(settings: Settings) -> Plan:
    """Everything that subsidies is, ready to be served."""
    rules = read_rules(settings.seed)
    secret = settings.secret.read_bytes()
    safe = Safe(Sealer(secret), secret)

    async def seed(context: ServiceContext) -> None:
        await put_in_force(context, rules.packs, rules.budgets, rules.measures)

    return Plan(
        name="subsidies",
        reactions=REACTIONS,
        collections=(APPLICATIONS, PRIVATE, DECISIONS, BUDGETS, LEDGER, PACKS, REGISTERS),
        subscribes=SUBSCRIBES,
        indexes=(
            Index(APPLICATIONS.name, (("state.status", 1), ("state.opened_at", 1))),
            Index(APPLICATIONS.name, (("state.report_id", 1),)),
            Index(LEDGER.name, (("state.budget", 1), ("state.at", 1))),
        ),
        gauges=GAUGES,
        routers=lambda context: (applications_router(context, safe), budgets_router(context)),
        seed=seed,
    )
