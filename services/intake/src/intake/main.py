"""The wiring of intake: collections, handlers, routers, indexes and gauges."""

from fastapi import APIRouter

from chassis.service import Plan, ServiceContext
from intake.adapters.category_files import read_category_texts
from intake.adapters.mail_addresses import is_address
from intake.adapters.open311_file import read_open311
from intake.adapters.photo_processes import PhotoProcesses
from intake.adapters.seed_files import read_registers
from intake.adapters.sheets import pdf_of
from intake.app.registers import load_category_texts, load_registers
from intake.app.use_cases import use_cases
from intake.entrypoints.api.routers import Endpoint, api_routers
from intake.entrypoints.bodies import BODIES
from intake.entrypoints.gauges import COUNTS, GAUGES
from intake.entrypoints.indexes import INDEXES
from intake.entrypoints.jobs import workers_in
from intake.entrypoints.pages.sites import Sites
from intake.handlers.documents import COLLECTIONS
from intake.handlers.reactions import REACTIONS, SUBSCRIBES
from intake.settings import Settings
from webkit.agency import read_agency
from webkit.login import login_of
from webkit.ops_pages import ops_pages_router


def plan(settings: Settings) -> Plan:
    """The parts of intake, for the chassis to run."""
    secret = bytes.fromhex(settings.secret.read_text().strip())
    registers, texts = read_registers(settings.seed), read_category_texts(settings.seed)
    login = login_of(settings, settings.public_url, Sites.desk_home)
    agency, in_development = read_agency(settings.seed), settings.stage == "development"
    endpoint = Endpoint.of(agency, read_open311(settings.seed), settings.public_url, secret, in_development)
    sites = Sites(agency, secret, login, settings.public_url, in_development)

    def routers(context: ServiceContext) -> list[APIRouter]:
        cases = use_cases(context, secret, is_address, PhotoProcesses().decode, COUNTS)
        return [*api_routers(context, cases, endpoint), *sites.routers(context, cases, pdf_of)]

    async def seed(context: ServiceContext) -> None:
        await load_registers(context, *registers)
        await load_category_texts(context, texts)

    return Plan(
        name="intake",
        reactions=REACTIONS,
        collections=COLLECTIONS,
        subscribes=SUBSCRIBES,
        indexes=INDEXES,
        workers_in=workers_in,
        gauges=GAUGES,
        counters=COUNTS.all,
        routers=routers,
        seed=seed,
        ops_pages=lambda context, *found: ops_pages_router(context, sites.staff, *found),
        closing=(login.close,),
        error_page=sites.public.error_page,
        bodies=BODIES,
    )
