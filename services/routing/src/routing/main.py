"""The wiring of routing: settings, documents, reactions, routes and start-up."""

from collections.abc import Sequence

from fastapi import APIRouter

from chassis.service import Plan, ServiceContext
from routing.adapters.register_files import read_register
from routing.entrypoints.api.cases import cases_router
from routing.entrypoints.pages.layout import HOME
from routing.entrypoints.pages.router import pages_router
from routing.entrypoints.pages.system import system_router
from routing.entrypoints.startup import startup
from routing.handlers.documents import ABSENCES, CASES, REGISTERS
from routing.handlers.reactions import REACTIONS, SUBSCRIBES
from routing.queries.cases import INDEXES
from routing.settings import Settings
from webkit.login import login_of


def plan(settings: Settings) -> Plan:
    """Return routing ready to run; raises SeedError when a seed file is invalid."""
    register = read_register(settings.seed)
    login = login_of(settings, settings.public_url, HOME)

    def routers(context: ServiceContext) -> Sequence[APIRouter]:
        return (cases_router(context), pages_router(context, login))

    return Plan(
        name="routing",
        reactions=REACTIONS,
        collections=(CASES, REGISTERS, ABSENCES),
        subscribes=SUBSCRIBES,
        indexes=INDEXES,
        routers=routers,
        ops_pages=lambda context, dead_letters: system_router(context, login, dead_letters),
        seed=startup(register),
        closing=(login.close,),
    )
