"""The wiring of notify: settings, adapters, documents, reactions, jobs, gauges, routes and pages."""

from collections.abc import Sequence

from fastapi import APIRouter

from chassis.clients import ServiceToken, issuer_of, read_secret
from chassis.clock import utc_now
from chassis.service import Plan, ServiceContext
from notify.adapters.catalogue_file import read_catalogue
from notify.adapters.contacts_http import HttpContacts, intake_client
from notify.adapters.letters_jinja import JinjaLetters
from notify.adapters.report_names_http import HttpReportNames
from notify.adapters.smtp import SmtpMailer
from notify.app.send import Sender
from notify.entrypoints.api.messages import messages_router
from notify.entrypoints.gauges import GAUGES
from notify.entrypoints.jobs import workers
from notify.entrypoints.pages.layout import HOME, Pages
from notify.entrypoints.pages.router import pages_router
from notify.handlers.documents import MESSAGES, THREADS
from notify.handlers.reactions import REACTIONS, SUBSCRIBES
from notify.queries import message_pages, messages
from notify.settings import Settings
from webkit.agency import read_agency
from webkit.login import login_of
from webkit.ops_pages import ops_pages_router
from webkit.site import Site


def plan(settings: Settings) -> Plan:
    """Return notify ready to run; raises SeedError when a seed file is invalid."""
    issuer, agency = issuer_of(settings), read_agency(settings.seed)
    token = ServiceToken(issuer, settings.client, read_secret(settings.client_secret))
    intake = intake_client(settings.intake_url, token)
    contacts, names = HttpContacts(intake), HttpReportNames(intake)
    letters = JinjaLetters(read_catalogue(settings.seed), agency, settings.public_url)
    mailer = SmtpMailer(
        settings.smtp_host, settings.smtp_port, settings.sender, agency.email, settings.inbound
    )
    login = login_of(settings, settings.public_url, HOME)
    site = Site("notify", HOME, agency, bytes.fromhex(settings.secret.read_text().strip()), login)

    def routers(context: ServiceContext) -> Sequence[APIRouter]:
        return (messages_router(context), pages_router(Pages(context, site, names, letters)))

    return Plan(
        name="notify",
        reactions=REACTIONS,
        collections=(MESSAGES, THREADS),
        subscribes=SUBSCRIBES,
        indexes=(*messages.INDEXES, *message_pages.INDEXES),
        gauges=GAUGES,
        workers=workers(Sender(contacts, letters, mailer, utc_now)),
        routers=routers,
        ops_pages=lambda context, *found: ops_pages_router(context, site, *found),
        closing=(mailer.close, contacts.close, issuer.client.aclose, login.close),
        error_page=site.error_page,
    )
