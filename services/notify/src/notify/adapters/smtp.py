"""Mail over SMTP, on a few connections that are kept open."""

import asyncio
from contextlib import suppress

import aiosmtplib

from chassis.errors import Unavailable, Verdict
from notify.adapters.mail_form import compose, domain_of, recipient
from notify.handlers.ports import Mail, Undeliverable

CONNECTIONS = 8
TIMEOUT_SECONDS = 20.0
# A server may end a quiet connection at any time; one that rested longer than this is asked before it is used.
TRUSTED_SECONDS = 10.0

# What a server says before it has seen the recipient is about us or about itself, never about the message.
OURS = (
    aiosmtplib.SMTPConnectError,
    aiosmtplib.SMTPHeloError,
    aiosmtplib.SMTPAuthenticationError,
    aiosmtplib.SMTPSenderRefused,
)


class SmtpMailer:
    """Hands mail to one SMTP server; at most CONNECTIONS at a time, the others wait."""

    def __init__(self, host: str, port: int, sender: str) -> None:
        self._host, self._port, self._sender = host, port, sender
        self._idle: list[tuple[aiosmtplib.SMTP, float]] = []
        self._free = asyncio.Semaphore(CONNECTIONS)

    async def send(self, mail: Mail) -> None:
        """Hand one mail over; Unavailable for 4xx, silence and broken connections, Undeliverable for 5xx."""
        async with self._free:
            verdict = await self._attempt(mail)
        # Raised here, so that no server's answer (it may quote the address) hangs on to what is logged.
        if verdict is not None:
            raise verdict

    async def _attempt(self, mail: Mail) -> Verdict | Undeliverable | None:
        connection: aiosmtplib.SMTP | None = None
        try:
            message, address = compose(mail, self._sender), recipient(mail)
            connection = await self._connection()
            await connection.sendmail(self._sender, [address], message, mail_options=_options(address))
        except Undeliverable as never:
            return never
        except aiosmtplib.SMTPResponseException as error:
            self._keep(connection)
            return (
                Unavailable(f"the mail server answered {error.code}")
                if isinstance(error, OURS)
                else judged(error.code)
            )
        except aiosmtplib.SMTPRecipientsRefused as error:
            self._keep(connection)
            return judged(error.recipients[0].code)
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
        """Take leave of the server."""
        while self._idle:
            connection, _ = self._idle.pop()
            with suppress(aiosmtplib.SMTPException, OSError):
                await connection.quit()


def judged(code: int) -> Unavailable | Undeliverable:
    """What a server's answer to a message means (RFC 5321, 4.2.1): 5xx is never, anything else is not now."""
    return (
        Undeliverable(f"smtp-{code}")
        if 500 <= code <= 599
        else Unavailable(f"the mail server answered {code}")
    )


def _options(address: str) -> list[str]:
    return [] if address.isascii() else ["SMTPUTF8", "BODY=8BITMIME"]


async def _is_alive(connection: aiosmtplib.SMTP, rested: float) -> bool:
    if not connection.is_connected:
        return False
    if rested < TRUSTED_SECONDS:
        return True
    try:
        await connection.noop()
    except (aiosmtplib.SMTPException, OSError, TimeoutError):
        return False
    return True


def _drop(connection: aiosmtplib.SMTP | None) -> None:
    if connection is not None:
        connection.close()
