"""The contract of Mailer, for the adapter in memory and for SmtpMailer with a real server."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any, Protocol, cast

import pytest
from aiosmtpd.smtp import SMTP, Envelope, Session
from hypothesis import given
from hypothesis import strategies as st

from chassis.errors import Unavailable
from intake.adapters.mail_addresses import is_address
from notify.adapters.memory import MemoryMailer
from notify.adapters.mime import recipient, reply_address
from notify.adapters.smtp import SmtpMailer
from notify.app.ports import Mailer
from notify.domain.letters import Letter, Mail, Undeliverable

SENDER = "no-reply@ascolto.example"
REPLY_TO = "ascolto@agenzia.example"
LETTER = Letter(
    "È arrivata la risposta", "Buongiorno,\n\nperché sì: 1.850,00 €.\n", "<p>perché sì: 1.850,00 €.</p>", "it"
)
MAIL = Mail(
    "0190a000-0000-5000-8000-00000000000a",
    "0190a000-0000-7000-8000-000000000001",
    "case-opened",
    "maria@example.org",
    LETTER,
    datetime(2026, 11, 23, 9, tzinfo=UTC),
)


class Scene(Protocol):
    """A mailer and the server behind it."""

    @property
    def mailer(self) -> Mailer: ...
    def arrived(self) -> list[EmailMessage]: ...
    def answer(self, address: str, code: int) -> None: ...
    async def fall(self) -> None: ...
    async def rise(self) -> None: ...


@dataclass
class InMemory:
    """The adapter in memory."""

    mailer: MemoryMailer = field(default_factory=lambda: MemoryMailer(SENDER, REPLY_TO))

    def arrived(self) -> list[EmailMessage]:
        return self.mailer.taken

    def answer(self, address: str, code: int) -> None:
        self.mailer.answers[address] = code

    async def fall(self) -> None:
        self.mailer.is_up = False

    async def rise(self) -> None:
        self.mailer.is_up = True


@dataclass
class OverSmtp:
    """SmtpMailer, and a server on a free loopback port."""

    port: int = 0
    mailer: SmtpMailer = field(init=False)
    codes: dict[str, int] = field(default_factory=dict)
    kept: list[EmailMessage] = field(default_factory=list)
    connections: list[Any] = field(default_factory=list)
    server: asyncio.Server | None = None
    loses_its_answer: bool = False

    async def rise(self) -> None:
        loop = asyncio.get_running_loop()
        self.server = await loop.create_server(self._session, "127.0.0.1", self.port)
        self.port = self.server.sockets[0].getsockname()[1]

    def connect(self) -> None:
        self.mailer = SmtpMailer("127.0.0.1", self.port, SENDER, REPLY_TO)

    async def fall(self) -> None:
        assert self.server is not None
        self.server.close()
        for session in self.connections:
            if session.transport is not None:
                session.transport.abort()
        await self.server.wait_closed()
        await asyncio.sleep(0.01)

    def _session(self) -> SMTP:
        session = SMTP(self, hostname="mail.example", enable_SMTPUTF8=True, loop=asyncio.get_running_loop())
        self.connections.append(session)
        return session

    async def handle_RCPT(  # noqa: N802 - aiosmtpd calls it by this name
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        if address in self.codes:
            return f"{self.codes[address]} no, {address}"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        raw = cast(bytes, envelope.original_content)
        self.kept.append(message_from_bytes(raw, policy=default))
        if self.loses_its_answer and server.transport is not None:
            server.transport.abort()
        return "250 OK"

    def arrived(self) -> list[EmailMessage]:
        return self.kept

    def answer(self, address: str, code: int) -> None:
        self.codes[address] = code


@pytest.fixture
async def smtp() -> AsyncIterator[OverSmtp]:
    scene = OverSmtp()
    await scene.rise()
    scene.connect()
    yield scene
    await scene.mailer.close()
    await scene.fall()


@pytest.fixture(params=["memory", "smtp"])
def scene(request: pytest.FixtureRequest, smtp: OverSmtp) -> Scene:
    return InMemory() if request.param == "memory" else smtp


async def test_a_mail_arrives_complete(scene: Scene) -> None:
    await scene.mailer.send(MAIL)

    [mail] = scene.arrived()
    text, html = mail.get_body(("plain",)), mail.get_body(("html",))
    assert text is not None
    assert html is not None
    assert text.get_content().replace("\r\n", "\n") == LETTER.text
    assert "<p>perché sì: 1.850,00 €.</p>" in html.get_content()
    assert (mail["Subject"], mail["To"], mail["From"]) == (LETTER.subject, MAIL.to, f"Ascolto <{SENDER}>")


async def test_its_headers_identify_the_message_and_mark_it_as_automatic(scene: Scene) -> None:
    await scene.mailer.send(MAIL)

    [mail] = scene.arrived()
    assert mail["Message-ID"] == f"<{MAIL.message_id}@ascolto.example>"
    assert (mail["X-Ascolto-Message"], mail["X-Ascolto-Report"]) == (MAIL.message_id, MAIL.report_id)
    assert mail["X-Ascolto-Template"] == "case-opened"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["Reply-To"] == REPLY_TO
    assert mail["Content-Language"] == "it"
    assert mail["Date"].datetime == MAIL.at


@pytest.mark.parametrize(
    ("address", "written"),
    [
        ("maria@münchen.example", "maria@xn--mnchen-3ya.example"),
        ("o'brien+casa@example.org", "o'brien+casa@example.org"),
        ("josé@example.org", "josé@example.org"),
        ("maria@straße.example", "maria@xn--strae-oqa.example"),
        ("आदा@उदाहरण.भारत", "आदा@xn--p1b6ci4b4b3a.xn--h2brj9c"),
        ("mario..rossi@example.org", "mario..rossi@example.org"),
        (
            f"m@{'b' * 60}.{'c' * 60}.{'d' * 60}.{'e' * 60}.org",
            f"m@{'b' * 60}.{'c' * 60}.{'d' * 60}.{'e' * 60}.org",
        ),
        (f"{'a' * 64}@{'b' * 60}.{'c' * 60}.example", f"{'a' * 64}@{'b' * 60}.{'c' * 60}.example"),
    ],
)
async def test_unusual_valid_addresses_are_accepted(scene: Scene, address: str, written: str) -> None:
    await scene.mailer.send(replace(MAIL, to=address))

    assert [mail["To"] for mail in scene.arrived()] == [written]


@pytest.mark.parametrize(
    "subject",
    [
        "Pronto: " + "perché " * 40,
        "parola " * 60,
        "risposta\r\nBcc: x@example.org",
        "(città) =?utf-8?q?no?=",
        "🎉 " * 40,
        "उदाहरण क्षमा श्रीवास्तव " * 12,
        "مُحَمَّد " * 30,
        "สมชาย" * 30,
        "𠜎" * 90,
        "e\u0301" * 90,
        "👩‍👧‍👦" * 20,
    ],
)
async def test_a_subject_of_any_length_and_script_is_one_header(scene: Scene, subject: str) -> None:
    await scene.mailer.send(replace(MAIL, letter=replace(LETTER, subject=subject)))

    [mail] = scene.arrived()
    assert mail["Subject"] == " ".join(subject.split())
    assert mail["Bcc"] is None
    assert len(mail.defects) == 0


async def test_a_text_with_long_lines_dots_and_other_scripts_arrives_unchanged(scene: Scene) -> None:
    text = f".\n..\n{'perché ' * 300}\n.fine\n  \t\nمرحبا 你好\n"
    await scene.mailer.send(replace(MAIL, letter=replace(LETTER, text=text)))

    [mail] = scene.arrived()
    body = mail.get_body(("plain",))
    assert body is not None
    assert body.get_content().replace("\r\n", "\n") == text


@pytest.mark.parametrize(
    "address",
    [
        "",
        "maria",
        "@example.org",
        "maria@",
        "a@b@c",
        "maria@example.org\r\nBcc: x@example.org",
        "a b@example.org",
        "a@.org",
    ],
)
async def test_an_invalid_address_is_undeliverable(scene: Scene, address: str) -> None:
    with pytest.raises(Undeliverable, match="bad-address"):
        await scene.mailer.send(replace(MAIL, to=address))
    assert scene.arrived() == []


async def test_a_5xx_is_permanent_and_its_error_contains_no_address(scene: Scene) -> None:
    scene.answer(MAIL.to, 550)

    with pytest.raises(Undeliverable) as never:
        await scene.mailer.send(MAIL)
    assert str(never.value) == "smtp-550"
    assert (never.value.__cause__, never.value.__context__) == (None, None)


async def test_a_4xx_is_transient_and_its_error_contains_no_address(scene: Scene) -> None:
    scene.answer(MAIL.to, 451)

    with pytest.raises(Unavailable) as later:
        await scene.mailer.send(MAIL)
    assert "maria" not in str(later.value)
    assert (later.value.__cause__, later.value.__context__) == (None, None)


async def test_after_a_refusal_the_next_mail_is_sent(scene: Scene) -> None:
    scene.answer("nobody@example.org", 550)
    with pytest.raises(Undeliverable):
        await scene.mailer.send(replace(MAIL, to="nobody@example.org"))

    await scene.mailer.send(MAIL)

    assert [mail["To"] for mail in scene.arrived()] == [MAIL.to]


async def test_a_server_that_is_down_is_a_transient_error(scene: Scene) -> None:
    await scene.mailer.send(MAIL)
    await scene.fall()
    with pytest.raises(Unavailable):
        await scene.mailer.send(MAIL)
    await scene.rise()

    await scene.mailer.send(MAIL)

    assert len(scene.arrived()) == 2


async def test_concurrent_mails_all_arrive(scene: Scene) -> None:
    mails = [replace(MAIL, message_id=f"0190a000-0000-5000-8000-{n:012d}") for n in range(50)]

    await asyncio.gather(*(scene.mailer.send(mail) for mail in mails))

    assert sorted(mail["X-Ascolto-Message"] for mail in scene.arrived()) == [
        mail.message_id for mail in mails
    ]


async def test_connections_are_limited_and_reused(smtp: OverSmtp) -> None:
    for _ in range(3):
        await smtp.mailer.send(MAIL)
    assert len(smtp.connections) == 1

    await asyncio.gather(*(smtp.mailer.send(MAIL) for _ in range(30)))
    assert len(smtp.connections) <= 8


async def test_an_idle_connection_that_the_server_closed_is_replaced(smtp: OverSmtp) -> None:
    await smtp.mailer.send(MAIL)
    await smtp.fall()
    await smtp.rise()

    await smtp.mailer.send(MAIL)

    assert len(smtp.arrived()) == 2


async def test_a_lost_reply_is_transient_and_the_copy_has_the_same_message_id(smtp: OverSmtp) -> None:
    smtp.loses_its_answer = True
    with pytest.raises(Unavailable):
        await smtp.mailer.send(MAIL)
    smtp.loses_its_answer = False

    await smtp.mailer.send(MAIL)

    assert len({mail["Message-ID"] for mail in smtp.arrived()}) == 1
    assert len(smtp.arrived()) == 2


@given(
    local=st.text("abcé.-+'_आ", min_size=1, max_size=64),
    domain=st.lists(st.text("abß-9üउ", min_size=1, max_size=63), min_size=1, max_size=4).map(".".join),
)
def test_every_address_that_intake_accepts_can_be_sent_to(local: str, domain: str) -> None:
    address = f"{local}@{domain}.example"

    if is_address(address):
        wire = recipient(replace(MAIL, to=address))
        assert wire.rpartition("@")[2].isascii()
        assert wire.partition("@")[0] == local


def test_answers_reach_the_report_that_they_are_about() -> None:
    inbound = "segnalazioni@ascolto.example"

    assert reply_address(inbound, "0A1B2-C3D4E") == "segnalazioni+0A1B2C3D4E@ascolto.example"
    assert reply_address(inbound, None) == inbound


async def test_a_mail_names_the_address_of_reports_for_answers(smtp: OverSmtp) -> None:
    mailer = SmtpMailer("127.0.0.1", smtp.port, SENDER, REPLY_TO, "segnalazioni@ascolto.example")
    await mailer.send(replace(MAIL, code="0A1B2-C3D4E"))
    await mailer.close()

    [mail] = smtp.arrived()
    assert mail["Reply-To"] == "segnalazioni+0A1B2C3D4E@ascolto.example"
