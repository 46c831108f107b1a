"""Mail over SMTP, on a small pool of sessions."""

import asyncio

import aiosmtplib

from chassis.errors import Unavailable
from chassis.tracing import SpanName, child_span, note
from notify.adapters.mime import compose, domain_of, recipient, reply_address
from notify.adapters.smtp_session import Failure, SmtpSession, open_session
from notify.domain.letters import Mail, Undeliverable

SESSIONS = 8
# Servers end a session after some letters or some time: Postfix reuses its own for 300 seconds, others allow 100 letters.
LETTERS_EACH, LONGEST_SECONDS = 100, 300.0


class SmtpMailer:
    """Sends mail through one SMTP server, at most SESSIONS mails at a time; further calls wait.

    Answers go to `inbound`, which takes mails about reports, or to `reply_to` where there is no such address.
    """

    def __init__(
        self, host: str, port: int, sender: str, reply_to: str | None = None, inbound: str = ""
    ) -> None:
        self._host, self._port, self._sender = host, port, sender
        self._reply_to, self._inbound = reply_to, inbound
        self._idle: list[SmtpSession] = []
        self._free = asyncio.Semaphore(SESSIONS)

    async def send(self, mail: Mail) -> None:
        """Send one mail; raises Unavailable for 4xx, timeouts and lost connections, Undeliverable for 5xx."""
        async with self._free:
            with child_span(SpanName.SMTP, template=mail.template):
                error = await self._attempt(mail)
                note(outcome=_outcome(error))
        # Raised outside the except blocks: a server's answer may quote the address and must not be logged as the cause.
        if error is not None:
            raise error

    async def _attempt(self, mail: Mail) -> Failure | None:
        answers = reply_address(self._inbound, mail.code) if self._inbound else self._reply_to
        try:
            message, address = compose(mail, self._sender, answers), recipient(mail)
        except Undeliverable as error:
            return error
        while session := self._reusable():
            try:
                return await self._deliver(session, address, message)
            except OSError as lost:
                # A server may end a session between two letters, and knows nothing of this one.
                if session.is_handed_over or isinstance(lost, TimeoutError):
                    return _unreachable(lost)
        try:
            session = await open_session(self._host, self._port, domain_of(self._sender))
            return await self._deliver(session, address, message)
        except aiosmtplib.SMTPResponseException as error:
            return Unavailable(f"the mail server answered {error.code}")
        except (aiosmtplib.SMTPException, OSError) as error:
            return _unreachable(error)

    def _reusable(self) -> SmtpSession | None:
        while self._idle:
            session = self._idle.pop()
            if session.is_open:
                return session
        return None

    async def _deliver(self, session: SmtpSession, address: str, message: bytes) -> Failure | None:
        try:
            error = await session.deliver(self._sender, address, message)
        except BaseException:
            session.close()
            raise
        await self._keep(session)
        return error

    async def _keep(self, session: SmtpSession) -> None:
        age = asyncio.get_running_loop().time() - session.opened_at
        if session.letters >= LETTERS_EACH or age >= LONGEST_SECONDS:
            await session.quit()
        elif session.is_open:
            self._idle.append(session)

    async def close(self) -> None:
        """End the idle sessions with QUIT."""
        while self._idle:
            await self._idle.pop().quit()


def _unreachable(error: Exception) -> Unavailable:
    return Unavailable(f"the mail server cannot be reached ({type(error).__name__})")


def _outcome(error: Failure | None) -> str:
    """How an attempt ended, as a code."""
    if error is None:
        return "sent"
    return error.reason if isinstance(error, Undeliverable) else "unavailable"
