"""The outcomes of one sending."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from chassis.errors import Unavailable
from notify.adapters.letters_jinja import JinjaLetters
from notify.adapters.memory import MemoryContacts, MemoryMailer
from notify.app.send import ATTEMPTS, Sender
from notify.domain.letters import Contact, Letter, Mail
from notify.handlers.record_outcome import RecordFailure, RecordSending, RecordSuppression
from notify.handlers.write_message import SendMessage

REPORT = "0190a000-0000-7000-8000-000000000001"
MESSAGE = "0190a000-0000-5000-8000-00000000000a"
JOB = SendMessage(MESSAGE, REPORT, "case-resolved", (("outcome", "solved"),))
MARIA = Contact("maria@example.org", "Maria Esempio", "it")
NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)


async def send(
    letters: JinjaLetters, mailer: MemoryMailer, contact: Contact | None = MARIA, attempt: int = 1
) -> object:
    contacts = MemoryContacts({} if contact is None else {REPORT: contact})
    return await Sender(contacts, letters, mailer, lambda: NOW).send(JOB, attempt)


async def test_a_message_is_sent_to_the_current_contact(letters: JinjaLetters) -> None:
    mailer = MemoryMailer()

    assert await send(letters, mailer) == RecordSending(MESSAGE, REPORT, "it")

    [mail] = mailer.taken
    assert mail["To"] == "maria@example.org"
    assert mail["Message-ID"] == f"<{MESSAGE}@ascolto.example>"


async def test_a_language_without_template_is_reported(letters: JinjaLetters) -> None:
    assert await send(letters, MemoryMailer(), replace(MARIA, language="tlh")) == RecordSending(
        MESSAGE, REPORT, "it", "tlh"
    )


async def test_a_report_without_contact_suppresses_the_message(letters: JinjaLetters) -> None:
    mailer = MemoryMailer()

    assert await send(letters, mailer, None) == RecordSuppression(MESSAGE, REPORT, "no-contact")
    assert mailer.taken == []


async def test_a_permanent_refusal_fails_the_message(letters: JinjaLetters) -> None:
    mailer = MemoryMailer(answers={"maria@example.org": 550})

    assert await send(letters, mailer) == RecordFailure(MESSAGE, REPORT, "smtp-550")


async def test_an_invalid_address_fails_the_message(letters: JinjaLetters) -> None:
    nobody = Contact("maria@example.org\r\nBcc: all@example.org")

    assert await send(letters, MemoryMailer(), nobody) == RecordFailure(MESSAGE, REPORT, "bad-address")


async def test_a_transient_refusal_is_raised_for_a_retry(letters: JinjaLetters) -> None:
    with pytest.raises(Unavailable):
        await send(letters, MemoryMailer(answers={"maria@example.org": 451}))


async def test_an_unavailable_intake_is_raised_for_a_retry(letters: JinjaLetters) -> None:
    sender = Sender(MemoryContacts(is_up=False), letters, MemoryMailer(), lambda: NOW)

    with pytest.raises(Unavailable):
        await sender.send(JOB, 1)


async def test_after_the_last_attempt_the_message_fails(letters: JinjaLetters) -> None:
    mailer = MemoryMailer()

    assert isinstance(await send(letters, mailer, attempt=ATTEMPTS), RecordSending)
    assert await send(letters, mailer, attempt=ATTEMPTS + 1) == RecordFailure(MESSAGE, REPORT, "gave-up")
    assert len(mailer.taken) == 1


def test_the_repr_of_a_mail_contains_neither_recipient_nor_text() -> None:
    letter = Letter("Oggetto", "testo riservato", "<p>testo riservato</p>", "it")
    shown = repr(MARIA) + repr(Mail(MESSAGE, REPORT, "case-resolved", MARIA.email, letter, NOW))

    assert "maria" not in shown.lower()
    assert "riservato" not in shown
