"""An SMTP session: letters over one open connection, one after another."""

import asyncio
import re
from contextlib import suppress
from typing import cast

import aiosmtplib

from chassis.errors import Unavailable
from notify.domain.letters import Undeliverable

TIMEOUT_SECONDS = 20.0  # for each reply
# A reply (RFC 5321, 4.2): lines with a hyphen after the code, then one without.
REPLY = re.compile(rb"(?:\d{3}-[^\n]*\n)*(\d{3})(?:[ \r][^\n]*)?\n")
LONGEST_REPLY = 32_768
START_INPUT = 354

Failure = Unavailable | Undeliverable


class SmtpSession(asyncio.Protocol):
    """A session after the greetings; `is_handed_over` is whether the server may have taken the letter of the last call.

    Written here because a letter costs a client that serves every use of SMTP three times as much; aiosmtplib still opens the
    connection, with STARTTLS when the server offers it.
    """

    def __init__(self, transport: asyncio.Transport, extensions: frozenset[str]) -> None:
        self._loop = asyncio.get_running_loop()
        self._transport, self._extensions = transport, extensions
        self._received = b""
        self._reply: asyncio.Future[int] | None = None
        self.opened_at, self.letters = self._loop.time(), 0
        self.is_handed_over = False
        transport.set_protocol(self)

    @property
    def is_open(self) -> bool:
        """Whether the connection was open when last heard of."""
        return not self._transport.is_closing()

    async def deliver(self, sender: str, recipient: str, message: bytes) -> Failure | None:
        """Hand one message over; return the server's refusal, after which the session can be used again.

        The lines of the message end with CRLF. Raises OSError when the connection is lost or a reply
        does not come.
        """
        self.letters += 1
        self.is_handed_over = False
        if not recipient.isascii() and "smtputf8" not in self._extensions:
            return Undeliverable("bad-address")
        code = await self._command(f"MAIL FROM:<{sender}>{self._options(recipient, message)}")
        if code // 100 != 2:
            # About us, not about the letter.
            return await self._refused(Unavailable(f"the mail server answered {code}"))
        code = await self._command(f"RCPT TO:<{recipient}>")
        if code // 100 != 2:
            return await self._refused(error_of(code))
        code = await self._command("DATA")
        if code == START_INPUT:
            self.is_handed_over = True
            code = await self._ask(message.replace(b"\r\n.", b"\r\n..") + b".\r\n")
        return None if code // 100 == 2 else await self._refused(error_of(code))

    async def quit(self) -> None:
        """End the session."""
        with suppress(OSError):
            await self._command("QUIT")
        self.close()

    def close(self) -> None:
        """Close the connection."""
        self._transport.close()

    def _options(self, recipient: str, message: bytes) -> str:
        size = f" SIZE={len(message)}" if "size" in self._extensions else ""
        return size if recipient.isascii() else f"{size} SMTPUTF8 BODY=8BITMIME"

    async def _refused(self, error: Failure) -> Failure:
        if await self._command("RSET") // 100 != 2:
            self.close()
        return error

    async def _command(self, words: str) -> int:
        return await self._ask(f"{words}\r\n".encode())

    async def _ask(self, data: bytes) -> int:
        """Write, and return the code of the reply."""
        if not self.is_open:
            raise ConnectionResetError("the connection was closed")
        reply: asyncio.Future[int] = self._loop.create_future()
        self._reply = reply
        timer = self._loop.call_later(TIMEOUT_SECONDS, self._fail, TimeoutError("no reply"))
        self._transport.write(data)
        try:
            return await reply
        finally:
            timer.cancel()
            self._reply = None

    def _fail(self, error: Exception) -> None:
        self._transport.abort()
        if self._reply is not None and not self._reply.done():
            self._reply.set_exception(error)

    def data_received(self, data: bytes) -> None:
        """Resolve the reply that is waited for; after anything else that a server says, the session is not used again."""
        self._received += data
        found = REPLY.match(self._received)
        if found is None:
            if len(self._received) > LONGEST_REPLY:
                self._fail(ConnectionAbortedError("no reply of SMTP"))
            return
        if found.end() < len(self._received) or self._reply is None or self._reply.done():
            self._transport.close()
        self._received = b""
        if self._reply is not None and not self._reply.done():
            self._reply.set_result(int(found[1]))

    def connection_lost(self, exc: Exception | None) -> None:
        """Fail the reply that is waited for."""
        if self._reply is not None and not self._reply.done():
            self._reply.set_exception(exc or ConnectionResetError("the server closed the connection"))


async def open_session(host: str, port: int, local_name: str) -> SmtpSession:
    """Connect, with STARTTLS when the server offers it; raises SMTPException and OSError."""
    client = aiosmtplib.SMTP(hostname=host, port=port, timeout=TIMEOUT_SECONDS, local_hostname=local_name)
    await client.connect()
    if client.is_ehlo_or_helo_needed:  # after STARTTLS what the server offers is asked again
        await client.ehlo()
    if client.transport is None:
        raise ConnectionResetError("the server closed the connection")
    return SmtpSession(cast(asyncio.Transport, client.transport), frozenset(client.esmtp_extensions))


def error_of(code: int) -> Failure:
    """The error for a server's reply code (RFC 5321, 4.2.1): 5xx is permanent, any other code is transient."""
    return (
        Undeliverable(f"smtp-{code}")
        if 500 <= code <= 599
        else Unavailable(f"the mail server answered {code}")
    )
