"""Mail over SMTP, on a small pool of connections."""

import asyncio
from contextlib import suppress

import aiosmtplib

from chassis.errors import Unavailable, Verdict
from chassis.tracing import SpanName, child_span, note
from notify.adapters.mime import compose, domain_of, recipient, reply_address
from notify.domain.letters import Mail, Undeliverable

CONNECTIONS = 8
TIMEOUT_SECONDS = 20.0
# A server may close an idle connection at any time: one that was idle longer than this is checked before it is used.
TRUSTED_SECONDS = 10.0

# Errors before the recipient is sent are about the connection or the sender, never about the message.
CONNECTION_ERRORS = (
    aiosmtplib.SMTPConnectError,
    aiosmtplib.SMTPHeloError,
    aiosmtplib.SMTPAuthenticationError,
    aiosmtplib.SMTPSenderRefused,
)


class SmtpMailer:
    """Sends mail through one SMTP server, at most CONNECTIONS mails at a time; further calls wait.

    Answers go to `inbound`, which takes mails about reports, or to `reply_to` where there is no such address.
    """

    def __init__(
        self, host: str, port: int, sender: str, reply_to: str | None = None, inbound: str = ""
    ) -> None:
        self._host, self._port, self._sender = host, port, sender
        self._reply_to, self._inbound = reply_to, inbound
        self._idle: list[tuple[aiosmtplib.SMTP, float]] = []
        self._free = asyncio.Semaphore(CONNECTIONS)

    async def send(self, mail: Mail) -> None:
        """Send one mail; raises Unavailable for 4xx, timeouts and lost connections, Undeliverable for 5xx."""
        async with self._free:
            with child_span(SpanName.SMTP, template=mail.template):
                error = await self._attempt(mail)
                note(outcome=_outcome(error))
        # Raised outside the except blocks: a server's answer may quote the address and must not be logged as the cause.
        if error is not None:
            raise error

    async def _attempt(self, mail: Mail) -> Verdict | Undeliverable | None:
        connection: aiosmtplib.SMTP | None = None
        try:
            answers = reply_address(self._inbound, mail.code) if self._inbound else self._reply_to
            message, address = compose(mail, self._sender, answers), recipient(mail)
            connection = await self._connection()
            await connection.sendmail(self._sender, [address], message, mail_options=_options(address))
        except Undeliverable as error:
            return error
        except aiosmtplib.SMTPResponseException as error:
            self._keep(connection)
            return (
                Unavailable(f"the mail server answered {error.code}")
                if isinstance(error, CONNECTION_ERRORS)
                else error_of(error.code)
            )
        except aiosmtplib.SMTPRecipientsRefused as error:
            self._keep(connection)
            return error_of(error.recipients[0].code)
        except aiosmtplib.SMTPNotSupported:
            self._keep(connection)
            return Undeliverable("bad-address")
        except (aiosmtplib.SMTPException, OSError, TimeoutError) as error:
            _drop(connection)
            return Unavailable(f"the mail server cannot be reached ({type(error).__name__})")
        except BaseException:
            _drop(connection)
            raise
        self._keep(connection)
        return None

    async def _connection(self) -> aiosmtplib.SMTP:
        while self._idle:
            kept, since = self._idle.pop()
            if await _is_alive(kept, asyncio.get_running_loop().time() - since):
                return kept
            _drop(kept)
        fresh = aiosmtplib.SMTP(
            hostname=self._host,
            port=self._port,
            timeout=TIMEOUT_SECONDS,
            local_hostname=domain_of(self._sender),
        )
        await fresh.connect()
        return fresh

    def _keep(self, connection: aiosmtplib.SMTP | None) -> None:
        if connection is not None and connection.is_connected:
            self._idle.append((connection, asyncio.get_running_loop().time()))

    async def close(self) -> None:
        """Close the idle connections with QUIT."""
        while self._idle:
            connection, _ = self._idle.pop()
            with suppress(aiosmtplib.SMTPException, OSError):
                await connection.quit()


def _outcome(error: Verdict | Undeliverable | None) -> str:
    """How an attempt ended, as a code."""
    if error is None:
        return "sent"
    return error.reason if isinstance(error, Undeliverable) else "unavailable"


def error_of(code: int) -> Unavailable | Undeliverable:
    """The error for a server's reply code (RFC 5321, 4.2.1): 5xx is permanent, any other code is transient."""
    return (
        Undeliverable(f"smtp-{code}")
        if 500 <= code <= 599
        else Unavailable(f"the mail server answered {code}")
    )


def _options(address: str) -> list[str]:
    return [] if address.isascii() else ["SMTPUTF8", "BODY=8BITMIME"]


async def _is_alive(connection: aiosmtplib.SMTP, idle_seconds: float) -> bool:
    if not connection.is_connected:
        return False
    if idle_seconds < TRUSTED_SECONDS:
        return True
    try:
        await connection.noop()
    except (aiosmtplib.SMTPException, OSError, TimeoutError):
        return False
    return True


def _drop(connection: aiosmtplib.SMTP | None) -> None:
    if connection is not None:
        connection.close()
