"""The door for mail over real connections: what a mail server is answered, and what it can do to us."""

import asyncio
import smtplib
import socket
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import pytest
from tests.intake.mail_corpus import DESK, TENANT, mail

from chassis.errors import Refused, Unavailable
from intake.app.mail_counts import MailCounts
from intake.domain.mail_kinds import Envelope
from intake.domain.mails import MOST_BYTES, MailOutcome
from intake.entrypoints import lmtp_wire
from intake.entrypoints.lmtp import MOST_CONNECTIONS, MOST_MISTAKES, Door, LmtpServer

TOO_LARGE, LATER = 552, 451


@dataclass
class Mailbox:
    """What stands behind the door: it keeps what it is given, or fails as it is told."""

    port: int = 0
    mails: list[tuple[bytes, Envelope]] = field(default_factory=list)
    fails: Exception | None = None
    ready: asyncio.Event = field(default_factory=asyncio.Event)
    held: asyncio.Event | None = None

    async def receive(self, raw: bytes, envelope: Envelope) -> MailOutcome:
        self.ready.set()
        if self.held is not None:
            await self.held.wait()
        if self.fails is not None:
            raise self.fails
        self.mails.append((raw, envelope))
        return MailOutcome.WAITING

    def connect(self) -> smtplib.LMTP:
        return smtplib.LMTP("127.0.0.1", self.port, timeout=30)

    def raw(self) -> socket.socket:
        found = socket.create_connection(("127.0.0.1", self.port), timeout=30)
        found.recv(100)
        return found


@pytest.fixture
async def mailbox() -> AsyncIterator[Mailbox]:
    box = Mailbox()
    server = LmtpServer(Door(DESK, box.receive, MailCounts()), "127.0.0.1", 0)
    await server.start()
    box.port = server.port
    yield box
    await server.stop()


async def send(box: Mailbox, raw: bytes, *recipients: str) -> Any:
    def deliver() -> Any:
        with box.connect() as client:
            return client.sendmail(TENANT, list(recipients or (DESK,)), raw)

    return await asyncio.to_thread(deliver)


async def code_of(box: Mailbox, raw: bytes = b"Subject: x\r\n\r\nx") -> int:
    """The reply code of a delivery."""
    try:
        await send(box, raw)
    except smtplib.SMTPResponseException as error:
        return error.smtp_code
    except smtplib.SMTPRecipientsRefused as error:
        return int(next(iter(error.recipients.values()))[0])
    return 250


async def replies_to(box: Mailbox, *lines: bytes) -> list[bytes]:
    """The replies to lines that are sent as they are, until the server has nothing more to say or closes."""

    def talk() -> list[bytes]:
        with box.raw() as connection:
            for line in lines:
                connection.sendall(line)
            connection.sendall(b"QUIT\r\n")
            said = b""
            with suppress(OSError):
                while chunk := connection.recv(4096):
                    said += chunk
            return said.split(b"\r\n")[:-1]

    return await asyncio.to_thread(talk)


async def test_a_mail_is_handed_over_byte_by_byte_with_its_envelope(mailbox: Mailbox) -> None:
    raw = b"Subject: x\r\n\r\n.punto\r\n..due\r\n\xff\r\n.\xc3\xa0\r\n"

    await send(mailbox, raw, DESK.replace("@", "+abc@").upper())

    assert mailbox.mails == [(raw, Envelope(TENANT, DESK.replace("@", "+abc@").upper()))]


async def test_every_recipient_has_a_reply_of_its_own(mailbox: Mailbox) -> None:
    replies = await replies_to(
        mailbox,
        b"LHLO mx.example\r\nMAIL FROM:<>\r\n",
        b"RCPT TO:<%s>\r\nRCPT TO:<altri@example.org>\r\nRCPT TO:<%s>\r\n" % (DESK.encode(), DESK.encode()),
        b"DATA\r\n.\r\n",
    )

    codes = [one[:3] for one in replies if not one.startswith(b"250-")]
    assert codes == [b"250", b"250", b"250", b"550", b"250", b"354", b"250", b"250", b"221"]
    assert mailbox.mails == [(b"", Envelope("", DESK))] * 2


@pytest.mark.parametrize(
    ("fails", "code"),
    [
        (Unavailable("the database is away"), LATER),
        (Refused("too-many-mails", "", 429), LATER),
        (Refused("mail-unreadable", "", 422), 554),
        (ZeroDivisionError(), LATER),
    ],
)
async def test_what_cannot_be_stored_stays_with_the_mail_server_or_goes_back(
    mailbox: Mailbox, fails: Exception, code: int
) -> None:
    mailbox.fails = fails
    assert await code_of(mailbox) == code

    mailbox.fails = None
    assert await code_of(mailbox) == 250  # the same server goes on
    assert len(mailbox.mails) == 1


async def test_a_mail_that_says_that_it_is_too_large_is_refused_before_it_is_sent(mailbox: Mailbox) -> None:
    replies = await replies_to(mailbox, b"LHLO x\r\nMAIL FROM:<a@example.org> SIZE=%d\r\n" % (50 * 1024**2))

    assert replies[-2].startswith(b"552 5.3.4")


@pytest.mark.slow
async def test_a_mail_of_50_megabytes_is_refused_and_never_held_whole(
    mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    line, held = b"x" * 1022 + b"\r\n", 0
    more = lmtp_wire.Wire._more

    async def measured(wire: lmtp_wire.Wire) -> None:
        nonlocal held
        await more(wire)
        held = max(held, len(wire._held))

    monkeypatch.setattr(lmtp_wire.Wire, "_more", measured)
    heads = b"LHLO x\r\nMAIL FROM:<a@example.org>\r\nRCPT TO:<%s>\r\nDATA\r\n" % DESK.encode()
    mib = line * 1024

    replies = await replies_to(mailbox, heads, *[mib] * 50, b".\r\n", heads, b"x\r\n.\r\n")

    codes = [one[:3] for one in replies]
    assert codes.count(b"552") == 1
    assert codes[-2] == b"250"  # the next mail of the same connection
    assert len(mailbox.mails) == 1
    assert MOST_BYTES < held < MOST_BYTES + 1024**2


async def test_only_a_line_with_one_dot_between_two_full_line_ends_ends_a_mail(mailbox: Mailbox) -> None:
    smuggled = b"uno\n.\nMAIL FROM:<x@example.org>\r.\r\n.\n\r\ndue"

    await replies_to(
        mailbox,
        b"LHLO x\r\nMAIL FROM:<a@example.org>\r\nRCPT TO:<%s>\r\nDATA\r\n" % DESK.encode(),
        smuggled,
        b"\r\n.\r\n",
    )

    assert [raw for raw, _ in mailbox.mails] == [smuggled.replace(b"\r\n.\n", b"\r\n\n") + b"\r\n"]


@pytest.mark.parametrize(
    ("lines", "reply"),
    [
        (b"EHLO x\r\n", b"503"),
        (b"MAIL FROM:<a@example.org>\r\n", b"503"),
        (b"LHLO x\r\nDATA\r\n", b"503"),
        (b"LHLO x\r\nMAIL FROM:<a@example.org>\r\nMAIL FROM:<b@example.org>\r\n", b"503"),
        (b"LHLO x\r\nMAIL FROM: a b\r\n", b"501"),
        (b"LHLO x\r\nRCPT TO:<x@example.org>\r\n", b"503"),
        (b"LHLO x\r\nBDAT 5\r\n", b"500"),
        (b"x" * 5000 + b"\r\n", b"500"),
        (b"\xff\x00\r\n" * MOST_MISTAKES, b"421"),
    ],
)
async def test_nonsense_is_refused(mailbox: Mailbox, lines: bytes, reply: bytes) -> None:
    replies = [one for one in await replies_to(mailbox, lines) if not one.startswith((b"221", b"250"))]

    assert replies[-1].startswith(reply)
    assert mailbox.mails == []


async def test_one_connection_too_many_is_told_to_come_later_and_a_silent_one_ends() -> None:
    box = Mailbox()
    server = LmtpServer(Door(DESK, box.receive, MailCounts()), "127.0.0.1", 0, idle=1.0)
    await server.start()
    box.port = server.port

    def open_all() -> tuple[bytes, bytes]:
        silent = [box.raw() for _ in range(MOST_CONNECTIONS)]
        with socket.create_connection(("127.0.0.1", box.port), timeout=30) as refused:
            late = refused.recv(100)
        ends = silent[0].recv(100)  # it waits until the server has had enough
        for one in silent:
            one.close()
        return late, ends

    late, ends = await asyncio.to_thread(open_all)
    await server.stop()

    assert (late[:3], ends[:3]) == (b"421", b"421")


async def test_the_end_of_the_service_answers_the_mail_in_hand_first() -> None:
    box = Mailbox(held=asyncio.Event())
    server = LmtpServer(Door(DESK, box.receive, MailCounts()), "127.0.0.1", 0)
    await server.start()
    box.port = server.port
    sending = asyncio.create_task(code_of(box, mail()))
    await box.ready.wait()
    idle = await asyncio.to_thread(box.raw)

    stopping = asyncio.create_task(server.stop())
    assert box.held is not None
    box.held.set()

    assert await sending == 250
    await stopping
    with idle:
        assert await asyncio.to_thread(idle.recv, 10) == b""
    with pytest.raises(OSError):
        await asyncio.to_thread(box.raw)
