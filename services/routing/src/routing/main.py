"""The wiring of routing: settings, documents, reactions, routes and start-up."""

from collections.abc import Sequence
from datetime import timedelta

from fastapi import APIRouter

from chassis.service import Plan, ServiceContext
from contracts.permissions import SERVICES
from routing.adapters.label_files import read_labels
from routing.adapters.register_files import read_register
from routing.entrypoints.api.cases import cases_router
from routing.entrypoints.pages.desk import HOME
from routing.entrypoints.pages.router import pages_router
from routing.entrypoints.startup import startup
from routing.handlers.documents import ABSENCES, CASES, REGISTERS, TALKS
from routing.handlers.reactions import REACTIONS, SUBSCRIBES
from routing.queries import cases, talks
from routing.settings import Settings
from webkit.agency import read_agency
from webkit.login import login_of
from webkit.ops_pages import ops_pages_router, system_router
from webkit.site import Site


def plan(settings: Settings) -> Plan:
    """Return routing ready to run; raises SeedError when a seed file is invalid."""
    register = read_register(settings.seed)
    labels = read_labels(settings.seed)
    secret = bytes.fromhex(settings.secret.read_text().strip())
    login = login_of(settings, settings.public_url, HOME)
    site = Site("routing", HOME, read_agency(settings.seed), secret, login)
    undo = timedelta(seconds=settings.undo_seconds)
    site.share(dashboards=settings.dashboards_url)

    def routers(context: ServiceContext) -> Sequence[APIRouter]:
        return (
            cases_router(context),
            pages_router(context, site, labels, undo),
            system_router(context, site, SERVICES),
        )

    return Plan(
        name="routing",
        reactions=REACTIONS,
        collections=(CASES, REGISTERS, ABSENCES, TALKS),
        subscribes=SUBSCRIBES,
        indexes=(*cases.INDEXES, *talks.INDEXES),
        routers=routers,
        ops_pages=lambda context, *found: ops_pages_router(context, site, *found),
        error_page=site.error_page,
        seed=startup(register),
        closing=(login.close,),
    )
