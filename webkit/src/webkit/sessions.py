"""Login sessions, stored in the service's database: ending one there ends it on every replica at once."""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TypeVar

from cryptography.fernet import Fernet, InvalidToken
from pydantic import TypeAdapter

from chassis.clock import Clock
from chassis.documents import Raw
from chassis.errors import Conflict, Refused, Unavailable, Unmatched
from chassis.web import LOGINS, SESSIONS, Store, Transaction

T = TypeVar("T")

SESSION_SECONDS = 3600  # from the login, used or not
CONFIRM_SECONDS = 300  # until the issuer must confirm the roles again
UNCONFIRMED_SECONDS = 900  # the same while the issuer does not answer
RETRY_SECONDS = 15  # between two unanswered requests about one session
LOGIN_SECONDS = 600  # from the redirect to the issuer to the return
ATTEMPTS = 5


@dataclass(frozen=True)
class Identity:
    """A person's identity from the issuer; `name` and the refresh token may be empty."""

    subject: str
    name: str
    roles: tuple[str, ...]
    refresh: str = ""


@dataclass(frozen=True)
class Session:
    """One login; the CSRF tokens are bound to `forms`, and `refresh` is encrypted with the secret in the browser's cookie.

    `asked` is when the issuer was last asked for confirmation; `asking` is true until its answer is stored.
    """

    subject: str
    name: str
    roles: tuple[str, ...]
    nonce: str
    forms: str
    ends: datetime
    confirmed: datetime
    refresh: str = ""
    asked: datetime | None = None
    asking: bool = False


@dataclass(frozen=True)
class Held:
    """A session as read: the cookie's secret (`secret`) and the version."""

    secret: str
    version: int
    session: Session


_FORM = TypeAdapter(Session)


class Sessions:
    """The sessions in one store; every method raises Unavailable while it is down."""

    def __init__(self, store: Store, secret: bytes, clock: Clock) -> None:
        self._store, self._secret, self.clock = store, secret, clock

    async def begin(self, state: str, nonce: str, identity: Identity, before: Held | None) -> str:
        """Start a session in place of `before`, and return the secret for the browser's cookie.

        Forms shown to the same person before stay valid. Raises Refused when this login has already started a session.
        """
        now, secret = self.clock(), secrets.token_urlsafe(48)
        same = before is not None and before.session.subject == identity.subject
        session = Session(
            subject=identity.subject,
            name=identity.name or identity.subject,
            roles=identity.roles,
            nonce=nonce,
            forms=before.session.forms if before is not None and same else secrets.token_hex(16),
            ends=now + timedelta(seconds=SESSION_SECONDS),
            confirmed=now,
            refresh=self._seal(secret, identity.refresh),
        )
        login: Raw = {"_id": _stored_id(state), "ends": now + timedelta(seconds=LOGIN_SECONDS)}

        async def work(tx: Transaction) -> None:
            await tx.insert(LOGINS, [login])
            if before is not None:
                await tx.delete(SESSIONS, [_stored_id(before.secret)])
            await tx.insert(SESSIONS, [_row(secret, 1, session)])

        for _ in range(ATTEMPTS):
            try:
                await self._transact(work)
            except Conflict:
                if await self._store.get(LOGINS, login["_id"]) is not None:
                    raise Refused("login-not-asked", "This login was already completed.", 403) from None
            else:
                return secret
        raise Unavailable("a session could not be started")

    async def find(self, secret: str) -> Held | None:
        """The unexpired session for the secret in a cookie."""
        row = await self._store.get(SESSIONS, _stored_id(secret)) if secret else None
        if row is None:
            return None
        session = _FORM.validate_python(row["state"])
        if self.clock() >= session.ends:
            return None
        return Held(secret, row["version"], session)

    async def claim(self, held: Held) -> Held | None:
        """Become the one request that asks the issuer; None when another request is, or when the session has ended."""
        claimed = replace(held.session, asked=self.clock(), asking=True)
        return await self._replaced(held, claimed)

    async def release_claim(self, held: Held) -> None:
        """Record that the issuer did not answer."""
        await self._replaced(held, replace(held.session, asking=False))

    async def confirm(self, held: Held, identity: Identity) -> Held | None:
        """Store the issuer's answer; None when the session ended meanwhile: it stays ended."""
        confirmed = replace(
            held.session,
            name=identity.name or held.session.name,
            roles=identity.roles,
            confirmed=self.clock(),
            asking=False,
            refresh=self._seal(held.secret, identity.refresh) if identity.refresh else held.session.refresh,
        )
        return await self._replaced(held, confirmed)

    async def end(self, secret: str) -> None:
        """End the session of this secret."""
        await self._store.delete(SESSIONS, [_stored_id(secret)])

    def refresh_token(self, held: Held) -> str:
        """The refresh token of a session; empty when there is none or it cannot be decrypted."""
        try:
            return self._box(held.secret).decrypt(held.session.refresh.encode()).decode()
        except InvalidToken:
            return ""

    async def _replaced(self, held: Held, session: Session) -> Held | None:
        id_ = _stored_id(held.secret)
        replacement = ({"_id": id_, "version": held.version}, _row(held.secret, held.version + 1, session))
        for _ in range(ATTEMPTS):
            try:
                await self._transact(lambda tx: tx.replace(SESSIONS, [replacement]))
            except Unmatched:
                return None
            except Conflict:
                continue
            return Held(held.secret, held.version + 1, session)
        raise Unavailable(f"{ATTEMPTS} conflicts in a row")

    async def _transact(self, work: Callable[[Transaction], Awaitable[T]]) -> T:
        session = await self._store.session()
        try:
            return await session.transact(work)
        finally:
            await session.close()

    def _seal(self, secret: str, token: str) -> str:
        return self._box(secret).encrypt(token.encode()).decode() if token else ""

    def _box(self, secret: str) -> Fernet:
        key = hmac.digest(self._secret, b"ascolto/sessions/refresh/" + secret.encode(), "sha256")
        return Fernet(base64.urlsafe_b64encode(key))


def _row(secret: str, version: int, session: Session) -> Raw:
    return {"_id": _stored_id(secret), "version": version, "state": _FORM.dump_python(session)}


def _stored_id(secret: str) -> str:
    """The stored id for a secret: readers of the database cannot derive the cookie."""
    return hashlib.sha256(secret.encode()).hexdigest()
