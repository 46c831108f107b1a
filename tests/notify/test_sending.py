"""How one sending can end."""

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


async def test_a_message_goes_to_the_contact_of_this_moment(letters: JinjaLetters) -> None:
    mailer = MemoryMailer()

    assert await send(letters, mailer) == RecordSending(MESSAGE, REPORT, "it")

    [mail] = mailer.taken
    assert mail["To"] == "maria@example.org"
    assert mail["Message-ID"] == f"<{MESSAGE}@ascolto.example>"


async def test_a_language_that_is_not_there_is_brought_back(letters: JinjaLetters) -> None:
    assert await send(letters, MemoryMailer(), replace(MARIA, language="ar")) == RecordSending(
        MESSAGE, REPORT, "it", "ar"
    )


async def test_who_left_no_address_gets_nothing(letters: JinjaLetters) -> None:
    mailer = MemoryMailer()

    assert await send(letters, mailer, None) == RecordSuppression(MESSAGE, REPORT, "no-contact")
    assert mailer.taken == []


async def test_an_address_that_is_refused_for_good_ends_the_message(letters: JinjaLetters) -> None:
    mailer = MemoryMailer(answers={"maria@example.org": 550})

    assert await send(letters, mailer) == RecordFailure(MESSAGE, REPORT, "smtp-550")


async def test_an_address_that_is_none_ends_the_message(letters: JinjaLetters) -> None:
    nobody = Contact("maria@example.org\r\nBcc: all@example.org")

    assert await send(letters, MemoryMailer(), nobody) == RecordFailure(MESSAGE, REPORT, "bad-address")


async def test_a_server_that_says_later_is_asked_again(letters: JinjaLetters) -> None:
    with pytest.raises(Unavailable):
        await send(letters, MemoryMailer(answers={"maria@example.org": 451}))


async def test_while_intake_is_down_the_message_waits(letters: JinjaLetters) -> None:
    sender = Sender(MemoryContacts(is_up=False), letters, MemoryMailer(), lambda: NOW)

    with pytest.raises(Unavailable):
        await sender.send(JOB, 1)


async def test_the_last_attempt_counts_and_after_it_the_message_is_given_up(letters: JinjaLetters) -> None:
    mailer = MemoryMailer()

    assert isinstance(await send(letters, mailer, attempt=ATTEMPTS), RecordSending)
    assert await send(letters, mailer, attempt=ATTEMPTS + 1) == RecordFailure(MESSAGE, REPORT, "gave-up")
    assert len(mailer.taken) == 1


def test_whom_it_goes_to_and_what_it_says_do_not_show_in_logs() -> None:
    letter = Letter("Oggetto", "testo riservato", "<p>testo riservato</p>", "it")
    shown = repr(MARIA) + repr(Mail(MESSAGE, REPORT, "case-resolved", MARIA.email, letter, NOW))

    assert "maria" not in shown.lower()
    assert "riservato" not in shown
