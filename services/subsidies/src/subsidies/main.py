"""Wires subsidies: rules, reactions, collections and routers."""

from collections.abc import Sequence

from fastapi import APIRouter

from chassis.clients import ServiceToken, issuer_of, read_secret
from chassis.service import Plan, ServiceContext
from subsidies.adapters.intake_http import HttpIntake, intake_client
from subsidies.adapters.rule_files import read_rules
from subsidies.app.desk import Desk
from subsidies.app.encryption import ApplicationDataEncryption
from subsidies.entrypoints.api.applications import applications_router
from subsidies.entrypoints.api.budgets import budgets_router
from subsidies.entrypoints.gauges import GAUGES
from subsidies.entrypoints.pages.sites import Sites
from subsidies.entrypoints.startup import put_in_force
from subsidies.handlers.documents import COLLECTIONS
from subsidies.handlers.reactions import REACTIONS, SUBSCRIBES
from subsidies.queries.indexes import INDEXES
from subsidies.settings import Settings
from webkit.agency import read_agency
from webkit.login import login_of
from webkit.ops_pages import ops_pages_router


def plan(settings: Settings) -> Plan:
    """The plan of the service; raises SeedError for invalid rules and Misuse for a short secret."""
    rules = read_rules(settings.seed)
    secret, issuer = settings.secret.read_bytes(), issuer_of(settings)
    encryption = ApplicationDataEncryption(secret)
    login = login_of(settings, settings.public_url, Sites.staff_home)
    sites = Sites(read_agency(settings.seed), secret, login)
    token = ServiceToken(issuer, settings.client, read_secret(settings.client_secret))
    intake = HttpIntake(intake_client(settings.intake_url, token))

    def routers(context: ServiceContext) -> Sequence[APIRouter]:
        desk = Desk(context, encryption, rules.procedure, intake)
        api = (applications_router(context, encryption), budgets_router(context))
        return (*api, *sites.routers(desk, rules.texts))

    async def seed(context: ServiceContext) -> None:
        await put_in_force(context, rules.packs, rules.budgets, rules.measures)

    return Plan(
        name="subsidies",
        reactions=REACTIONS,
        collections=COLLECTIONS,
        subscribes=SUBSCRIBES,
        indexes=INDEXES,
        gauges=GAUGES,
        routers=routers,
        seed=seed,
        ops_pages=lambda context, *found: ops_pages_router(context, sites.staff, *found),
        closing=(intake.close, issuer.client.aclose, login.close),
        error_page=sites.staff.error_page,
    )
