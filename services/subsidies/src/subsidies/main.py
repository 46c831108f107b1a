"""Wires subsidies: rules, reactions, collections and routers."""

from chassis.service import Plan, ServiceContext
from subsidies.adapters.rule_files import read_rules
from subsidies.app.encryption import ApplicationDataEncryption
from subsidies.entrypoints.api.applications import applications_router
from subsidies.entrypoints.api.budgets import budgets_router
from subsidies.entrypoints.gauges import GAUGES
from subsidies.entrypoints.startup import put_in_force
from subsidies.handlers.documents import (
    APPLICATIONS,
    BUDGETS,
    DECISIONS,
    DRAFTS,
    LEDGER,
    PACKS,
    PRIVATE,
    REGISTERS,
)
from subsidies.handlers.reactions import REACTIONS, SUBSCRIBES
from subsidies.queries.indexes import INDEXES
from subsidies.settings import Settings


def plan(settings: Settings) -> Plan:
    """The plan of the service; raises SeedError for invalid rules and Misuse for a short secret."""
    rules = read_rules(settings.seed)
    encryption = ApplicationDataEncryption(settings.secret.read_bytes())

    async def seed(context: ServiceContext) -> None:
        await put_in_force(context, rules.packs, rules.budgets, rules.measures)

    return Plan(
        name="subsidies",
        reactions=REACTIONS,
        collections=(APPLICATIONS, PRIVATE, DRAFTS, DECISIONS, BUDGETS, LEDGER, PACKS, REGISTERS),
        subscribes=SUBSCRIBES,
        indexes=INDEXES,
        gauges=GAUGES,
        routers=lambda context: (applications_router(context, encryption), budgets_router(context)),
        seed=seed,
    )
