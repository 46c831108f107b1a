"""The wiring of intake: collections, handlers, routers, indexes and gauges."""

from chassis.service import Plan
from intake.adapters.category_files import read_category_texts
from intake.adapters.mail_addresses import is_address
from intake.adapters.mail_processes import MailProcesses
from intake.adapters.open311_file import read_open311
from intake.adapters.photo_processes import PhotoProcesses
from intake.adapters.seed_files import read_registers
from intake.adapters.sheets import pdf_of
from intake.app.registers import load_seed
from intake.app.use_cases import once, use_cases
from intake.entrypoints.api.routers import Endpoint, api_routers
from intake.entrypoints.bodies import BODIES
from intake.entrypoints.gauges import COUNTS, GAUGES, MAIL_COUNTS
from intake.entrypoints.indexes import INDEXES
from intake.entrypoints.jobs import workers_in
from intake.entrypoints.lmtp import MailDoor
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

    cases = once(lambda context: use_cases(context, secret, is_address, PhotoProcesses().decode, COUNTS))
    mail = MailDoor(*settings.mail, MailProcesses().read, is_address, MAIL_COUNTS)

    return Plan(
        name="intake",
        reactions=REACTIONS,
        collections=COLLECTIONS,
        subscribes=SUBSCRIBES,
        indexes=INDEXES,
        workers_in=workers_in,
        servers_in=lambda context: mail.servers(context, cases(context)),
        gauges=GAUGES,
        counters=(*COUNTS.all, *MAIL_COUNTS.all),
        routers=lambda context: (
            *api_routers(context, cases(context), endpoint),
            *sites.routers(context, cases(context), pdf_of),
        ),
        seed=lambda context: load_seed(context, *registers, texts),
        ops_pages=lambda context, *found: ops_pages_router(context, sites.staff, *found),
        closing=(login.close,),
        error_page=sites.public.error_page,
        bodies=BODIES,
    )
