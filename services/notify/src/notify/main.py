"""The wiring of notify: settings, adapters, documents, reactions, jobs, gauges and routes."""

from chassis.clients import ServiceToken, issuer_of, read_secret
from chassis.clock import utc_now
from chassis.service import Plan
from notify.adapters.catalogue_file import read_catalogue
from notify.adapters.contacts_http import HttpContacts, intake_client
from notify.adapters.letters_jinja import JinjaLetters
from notify.adapters.smtp import SmtpMailer
from notify.app.send import Sender
from notify.entrypoints.api.messages import messages_router
from notify.entrypoints.gauges import GAUGES
from notify.entrypoints.jobs import workers
from notify.handlers.documents import MESSAGES, THREADS
from notify.handlers.reactions import REACTIONS, SUBSCRIBES
from notify.queries import message_pages, messages
from notify.settings import Settings
from webkit.agency import read_agency


def plan(settings: Settings) -> Plan:
    """Return notify ready to run; raises SeedError when the seed file is invalid."""
    issuer = issuer_of(settings)
    token = ServiceToken(issuer, settings.client, read_secret(settings.client_secret))
    contacts = HttpContacts(intake_client(settings.intake_url, token))
    agency = read_agency(settings.seed)
    letters = JinjaLetters(read_catalogue(settings.seed), agency, settings.public_url)
    mailer = SmtpMailer(settings.smtp_host, settings.smtp_port, settings.sender, agency.email)

    return Plan(
        name="notify",
        reactions=REACTIONS,
        collections=(MESSAGES, THREADS),
        subscribes=SUBSCRIBES,
        indexes=(*messages.INDEXES, *message_pages.INDEXES),
        gauges=GAUGES,
        workers=workers(Sender(contacts, letters, mailer, utc_now)),
        routers=lambda context: (messages_router(context),),
        closing=(mailer.close, contacts.close, issuer.client.aclose),
    )
