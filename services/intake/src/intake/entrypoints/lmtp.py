"""The door for mail: a server of LMTP (RFC 2033) behind the agency's mail server.

Every recipient of a mail has a reply of its own, after everything is committed: 250 stored, 4xx the mail server keeps the mail and
tries again, 5xx it returns the mail to its sender.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass

from chassis.errors import Refused, Unavailable
from chassis.service import ServiceContext
from chassis.web import log
from intake.app.inbound_mail import InboundMail, ReadBytes
from intake.app.mail_counts import MailCounts
from intake.app.use_cases import UseCases
from intake.domain.draft_rules import IsAddress
from intake.domain.mail_kinds import Envelope
from intake.domain.mails import MOST_BYTES, MailOutcome
from intake.entrypoints.lmtp_wire import LineTooLong, Wire

MOST_CONNECTIONS, MOST_RECIPIENTS, MOST_MISTAKES = 4, 20, 10
IDLE_SECONDS, SESSION_SECONDS, END_SECONDS = 60.0, 900.0, 20.0
OFFERS = ("PIPELINING", "ENHANCEDSTATUSCODES", "8BITMIME", "SMTPUTF8", f"SIZE {MOST_BYTES}")
_MAIL = re.compile(r"MAIL FROM:\s*<([^<>]{0,320})>(.*)", re.IGNORECASE)
_RECIPIENT = re.compile(r"RCPT TO:\s*<([^<>\s]{1,320})>.*", re.IGNORECASE)
_SIZE = re.compile(r"\bSIZE=(\d{1,15})\b", re.IGNORECASE)

Receive = Callable[[bytes, Envelope], Awaitable[MailOutcome]]


@dataclass(frozen=True)
class Door:
    """Where mails go, and who may be their recipient: `address`, also with `+CODE` behind its local part."""

    address: str
    receive: Receive
    counts: MailCounts

    def knows(self, recipient: str) -> bool:
        """Whether this is our address."""
        local, _, domain = recipient.lower().rpartition("@")
        return f"{local.partition('+')[0]}@{domain}" == self.address.lower()


class Session:
    """One connection of the mail server."""

    def __init__(self, wire: Wire, door: Door) -> None:
        self._wire, self._door = wire, door
        self._greeted, self._mistakes = False, 0
        self._sender: str | None = None
        self._recipients: list[str] = []
        self.receiving = False

    async def run(self) -> None:
        """Answer commands until QUIT, too many mistakes, or silence."""
        await self._wire.reply("220 ascolto LMTP")
        while self._mistakes < MOST_MISTAKES:
            line = (await self._wire.line()).decode("utf-8", "replace").strip()
            verb = line[:4].upper()
            if verb == "QUIT":
                await self._wire.reply("221 2.0.0 Bye")
                return
            await self._answer(verb, line)
        await self._wire.reply("421 4.7.0 Too many mistakes")

    async def _answer(self, verb: str, line: str) -> None:
        if verb == "LHLO":
            self._greeted = True
            self._reset()
            await self._wire.reply("250-ascolto", *(f"250-{one}" for one in OFFERS[:-1]), f"250 {OFFERS[-1]}")
        elif verb == "RSET":
            self._reset()
            await self._wire.reply("250 2.0.0 OK")
        elif verb in ("NOOP", "VRFY"):
            await self._wire.reply("250 2.0.0 OK" if verb == "NOOP" else "252 2.5.0 Send the mail and see")
        elif not self._greeted:
            await self._refuse("503 5.5.1 Begin with LHLO")
        elif verb in ("MAIL", "RCPT", "DATA"):
            await {"MAIL": self._mail, "RCPT": self._recipient, "DATA": self._data}[verb](line)
        else:
            await self._refuse("500 5.5.2 Unknown command")

    async def _mail(self, line: str) -> None:
        found = _MAIL.fullmatch(line)
        size = _SIZE.search(found[2]) if found else None
        if self._sender is not None or found is None:
            await self._refuse(
                "503 5.5.1 One mail at a time"
                if self._sender is not None
                else "501 5.5.4 MAIL FROM:<address>"
            )
        elif size and int(size[1]) > MOST_BYTES:
            self._door.counts.refused.labels("mail-too-large").inc()
            await self._wire.reply(_TOO_LARGE)
        else:
            self._sender = found[1]
            await self._wire.reply("250 2.1.0 OK")

    async def _recipient(self, line: str) -> None:
        found = _RECIPIENT.fullmatch(line)
        if self._sender is None or found is None:
            await self._refuse(
                "503 5.5.1 MAIL first" if self._sender is None else "501 5.5.4 RCPT TO:<address>"
            )
        elif not self._door.knows(found[1]):
            self._door.counts.refused.labels("unknown-recipient").inc()
            await self._wire.reply("550 5.1.1 No such mailbox here")
        elif len(self._recipients) >= MOST_RECIPIENTS:
            await self._wire.reply("452 4.5.3 Too many recipients")
        else:
            self._recipients.append(found[1])
            await self._wire.reply("250 2.1.5 OK")

    async def _data(self, _: str) -> None:
        if not self._recipients:
            await self._refuse("503 5.5.1 RCPT first")
            return
        await self._wire.reply("354 End with a line with one dot")
        raw, sender = await self._wire.data(MOST_BYTES), self._sender or ""
        self.receiving = True
        try:
            for recipient in self._recipients:
                await self._wire.reply(await self._reply(raw, Envelope(sender, recipient)))
        finally:
            self.receiving = False
        self._reset()

    async def _reply(self, raw: bytes | None, envelope: Envelope) -> str:
        if raw is None:
            self._door.counts.refused.labels("mail-too-large").inc()
            return _TOO_LARGE
        try:
            outcome = await self._door.receive(raw, envelope)
        except Refused as refused:
            self._door.counts.refused.labels(refused.slug).inc()
            return f"451 4.7.1 {refused.slug}" if refused.status == 429 else f"554 5.6.0 {refused.slug}"
        except Unavailable:
            self._door.counts.refused.labels("unavailable").inc()
            return "451 4.3.0 Not now"
        except Exception as error:  # noqa: BLE001 - a bug: the mail server keeps the mail, and somebody sees the count
            self._door.counts.refused.labels("bug").inc()
            log("mail failed", level=40, error=error)
            return "451 4.3.0 Not now"
        return f"250 2.6.0 {outcome.value}"

    def _reset(self) -> None:
        self._sender, self._recipients = None, []

    async def _refuse(self, reply: str) -> None:
        self._mistakes += 1
        await self._wire.reply(reply)


_TOO_LARGE = f"552 5.3.4 A mail has at most {MOST_BYTES} bytes"


class LmtpServer:
    """Listens for the agency's mail server."""

    def __init__(self, door: Door, host: str, port: int, idle: float = IDLE_SECONDS) -> None:
        self._door, self._host, self._port, self._idle = door, host, port, idle
        self._server: asyncio.Server | None = None
        self._sessions: dict[asyncio.Task[None], Session] = {}

    @property
    def port(self) -> int:
        """The port that it listens on."""
        assert self._server is not None
        return int(self._server.sockets[0].getsockname()[1])

    async def start(self) -> None:
        """Listen; raises OSError when the port is taken."""
        self._server = await asyncio.start_server(self._connected, self._host, self._port)

    async def stop(self) -> None:
        """Listen no more; a mail that was received whole is answered first."""
        if self._server is not None:
            self._server.close()
        for task, session in tuple(self._sessions.items()):
            if not session.receiving:
                task.cancel()
        if self._sessions:
            await asyncio.wait(tuple(self._sessions), timeout=END_SECONDS)
        for task in tuple(self._sessions):
            task.cancel()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        wire = Wire(reader, writer, self._idle)
        session, task = Session(wire, self._door), asyncio.current_task()
        assert task is not None
        try:
            if len(self._sessions) >= MOST_CONNECTIONS:
                self._door.counts.refused.labels("too-many-connections").inc()
                await wire.reply("421 4.3.2 Too many connections")
                return
            self._sessions[task] = session
            await self._serve(wire, session)
        except (EOFError, OSError, TimeoutError, asyncio.CancelledError):
            pass  # the mail server has gone, or we are: what was not answered is sent again
        finally:
            self._sessions.pop(task, None)
            wire.close()

    async def _serve(self, wire: Wire, session: Session) -> None:
        try:
            async with asyncio.timeout(SESSION_SECONDS):
                await session.run()
        except LineTooLong:
            await wire.reply("500 5.5.6 The line is too long")
        except TimeoutError:
            with suppress(OSError, TimeoutError):
                await wire.reply("421 4.4.2 Nothing came for too long")


@dataclass(frozen=True)
class MailDoor:
    """What the installation says about mails: the address, all addresses of ours, and where LMTP is spoken; port 0 for nowhere."""

    address: str
    own: frozenset[str]
    host: str
    port: int
    read: ReadBytes
    is_address: IsAddress
    counts: MailCounts

    def servers(self, context: ServiceContext, cases: UseCases) -> list[LmtpServer]:
        """The server of a process that takes mails, or none."""
        if not self.port:
            return []
        mails = InboundMail(context, cases, self.is_address, self.counts, self.read, self.own)
        return [LmtpServer(Door(self.address, mails.receive, self.counts), self.host, self.port)]
