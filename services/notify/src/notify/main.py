"""Notify, plugged together: what it hears, keeps and shows, and how it reaches people."""

from chassis.clients import ServiceToken, issuer_of, read_secret
from chassis.clock import utc_now
from chassis.documents import Index
from chassis.service import Plan
from notify.adapters.contacts_http import HttpContacts, intake_client
from notify.adapters.letters_jinja import JinjaLetters
from notify.adapters.smtp import SmtpMailer
from notify.adapters.words_file import read_words
from notify.entrypoints.gauges import GAUGES
from notify.entrypoints.http import messages_router
from notify.entrypoints.jobs import sending
from notify.handlers.documents import MESSAGES, THREADS
from notify.handlers.reactions import REACTIONS, SUBSCRIBES
from notify.handlers.write_message import SendMessage
from notify.settings import Settings


def plan(settings: Settings) -> Plan:
    """Everything that notify is, ready to be served."""
    issuer = issuer_of(settings)
    token = ServiceToken(issuer, settings.client, read_secret(settings.client_secret))
    contacts = HttpContacts(intake_client(settings.intake_url, token))
    letters = JinjaLetters(read_words(settings.seed), settings.public_url)
    mailer = SmtpMailer(settings.smtp_host, settings.smtp_port, settings.sender)

    return Plan(
        name="notify",
        reactions=REACTIONS,
        collections=(MESSAGES, THREADS),
        subscribes=SUBSCRIBES,
        indexes=(
            Index(MESSAGES.name, (("state.report_id", 1), ("state.written_at", 1))),
            Index(MESSAGES.name, (("state.status", 1), ("state.written_at", 1))),
        ),
        gauges=GAUGES,
        workers={SendMessage: sending(contacts, letters, mailer, utc_now)},
        routers=lambda context: (messages_router(context),),
        closing=(mailer.close, contacts.close, issuer.client.aclose),
    )
