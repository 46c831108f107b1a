"""The wiring of intake: collections, handlers, routers, indexes and gauges."""

from collections.abc import Sequence

from fastapi import APIRouter

from chassis.service import Plan, ServiceContext
from intake.adapters.mail_addresses import is_address
from intake.adapters.seed_files import read_registers
from intake.app.attempts import GUESSES
from intake.app.browser_drafts import DRAFTS
from intake.app.registers import load_registers
from intake.app.use_cases import use_cases
from intake.entrypoints.api import internal, v1
from intake.entrypoints.gauges import GAUGES
from intake.entrypoints.pages.desk import desk_router
from intake.entrypoints.pages.desk_layout import HOME
from intake.entrypoints.pages.public import BODIES, public_router
from intake.handlers.documents import ENTRIES, PRIVATE, REGISTERS, REPORTS
from intake.handlers.reactions import REACTIONS, SUBSCRIBES
from intake.queries import readings, reports
from intake.settings import Settings
from webkit.agency import read_agency
from webkit.csrf import CsrfTokens
from webkit.login import login_of
from webkit.ops_pages import ops_pages_router
from webkit.site import Site


def plan(settings: Settings) -> Plan:
    """The parts of intake, for the chassis to run."""
    secret = bytes.fromhex(settings.secret.read_text().strip())
    registers = read_registers(settings.seed)
    login = login_of(settings, settings.public_url, HOME)
    agency = read_agency(settings.seed)
    site = Site("intake", "", agency, secret)
    staff_site = Site("intake", HOME, agency, secret, login)
    staff_site.share(public_url=settings.public_url.rstrip("/"))

    def routers(context: ServiceContext) -> Sequence[APIRouter]:
        cases = use_cases(context, secret, is_address)
        return (
            v1.router(context, cases),
            public_router(context, cases, site, CsrfTokens(secret), settings.public_url),
            internal.router(context, cases),
            desk_router(context, cases, staff_site),
        )

    async def seed(context: ServiceContext) -> None:
        await load_registers(context, registers)

    return Plan(
        name="intake",
        reactions=REACTIONS,
        collections=(REPORTS, PRIVATE, ENTRIES, REGISTERS),
        subscribes=SUBSCRIBES,
        indexes=(GUESSES, DRAFTS, *reports.INDEXES, *readings.INDEXES),
        gauges=GAUGES,
        routers=routers,
        seed=seed,
        ops_pages=lambda context, *found: ops_pages_router(context, staff_site, *found),
        closing=(login.close,),
        error_page=site.error_page,
        bodies=BODIES,
    )
