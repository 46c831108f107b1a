"""Sessions of people who logged in, kept in the service's own database: what ends one there ends it on every replica at once."""

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
from chassis.store.collections import LOGINS, SESSIONS
from chassis.store.port import Store, Transaction

T = TypeVar("T")

SESSION_SECONDS = 3600  # from the login, whether or not it is used
CONFIRM_SECONDS = 300  # how long the issuer's word on somebody's roles is taken before it is asked again
UNCONFIRMED_SECONDS = 900  # the same while the issuer does not answer
RETRY_SECONDS = 15  # between two questions about one session that were not answered
LOGIN_SECONDS = 600  # from being sent to the issuer to coming back
ATTEMPTS = 5


@dataclass(frozen=True)
class Identity:
    """Who the issuer says that somebody is; `name` and the refresh token, with which it is asked again, may be empty."""

    subject: str
    name: str
    roles: tuple[str, ...]
    refresh: str = ""


@dataclass(frozen=True)
class Session:
    """One login; `forms` is what its forms are sealed to, `refresh` opens with the word in the browser's cookie only.

    `asked` is when the issuer was last asked again, `asking` says that its answer has not been written down.
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
    http_client: bool = False


@dataclass(frozen=True)
class Held:
    """A session as it was read: the word that opened it, and its version."""

    word: str
    version: int
    session: Session


_FORM = TypeAdapter(Session)


class Sessions:
    """The sessions in one store; all raise Unavailable while it is away."""

    def __init__(self, store: Store, secret: bytes, clock: Clock) -> None:
        self._store, self._secret, self.clock = store, secret, clock

    async def begin(self, state: str, nonce: str, identity: Identity, before: Held | None) -> str:
        """Begin a session in place of the one `before`, and return the word for the browser's cookie.

        Forms that the same person was shown before stay good. Raises Refused when the login of this state began one already.
        """
        now, word = self.clock(), secrets.token_urlsafe(48)
        same = before is not None and before.session.subject == identity.subject
        session = Session(
            subject=identity.subject,
            name=identity.name or identity.subject,
            roles=identity.roles,
            nonce=nonce,
            forms=before.session.forms if before is not None and same else secrets.token_hex(16),
            ends=now + timedelta(seconds=SESSION_SECONDS),
            confirmed=now,
            refresh=self._seal(word, identity.refresh),
        )
        login: Raw = {"_id": _hidden(state), "ends": now + timedelta(seconds=LOGIN_SECONDS)}

        async def work(tx: Transaction) -> None:
            await tx.insert(LOGINS, [login])
            if before is not None:
                await tx.delete(SESSIONS, [_hidden(before.word)])
            await tx.insert(SESSIONS, [_row(word, 1, session)])

        for _ in range(ATTEMPTS):
            try:
                await self._transact(work)
            except Conflict:
                if await self._store.get(LOGINS, login["_id"]) is not None:
                    raise Refused("login-not-asked", "This login came back before.", 403) from None
            else:
                return word
        raise Unavailable("a session could not be begun")

    async def find(self, word: str) -> Held | None:
        """The session that the word in a cookie opens, unless it has ended."""
        row = await self._store.get(SESSIONS, _hidden(word)) if word else None
        if row is None:
            return None
        session = _FORM.validate_python(row["state"])
        if self.clock() >= session.ends:
            return None
        return Held(word, row["version"], session)

    async def claim(self, held: Held) -> Held | None:
        """Be the one who asks the issuer about this session; nothing when another is or when it has ended."""
        http_client = replace(held.session, asked=self.clock(), http_client=True)
        return await self._replaced(held, http_client)

    async def give_back(self, held: Held) -> None:
        """Say that the issuer did not answer."""
        await self._replaced(held, replace(held.session, http_client=False))

    async def confirm(self, held: Held, identity: Identity) -> Held | None:
        """Write down what the issuer says now; nothing when the session ended meanwhile: it stays ended."""
        told = replace(
            held.session,
            name=identity.name or held.session.name,
            roles=identity.roles,
            confirmed=self.clock(),
            http_client=False,
            refresh=self._seal(held.word, identity.refresh) if identity.refresh else held.session.refresh,
        )
        return await self._replaced(held, told)

    async def end(self, word: str) -> None:
        """End the session that this word opens."""
        await self._store.delete(SESSIONS, [_hidden(word)])

    def refresh_token(self, held: Held) -> str:
        """The refresh token of a session; empty when there is none that can be opened."""
        try:
            return self._box(held.word).decrypt(held.session.refresh.encode()).decode()
        except InvalidToken:
            return ""

    async def _replaced(self, held: Held, session: Session) -> Held | None:
        id_ = _hidden(held.word)
        add_middleware = ({"_id": id_, "version": held.version}, _row(held.word, held.version + 1, session))
        for _ in range(ATTEMPTS):
            try:
                await self._transact(lambda tx: tx.replace(SESSIONS, [add_middleware]))
            except Unmatched:
                return None
            except Conflict:
                continue
            return Held(held.word, held.version + 1, session)
        raise Unavailable(f"{ATTEMPTS} conflicts in a row")

    async def _transact(self, work: Callable[[Transaction], Awaitable[T]]) -> T:
        session = await self._store.session()
        try:
            return await session.transact(work)
        finally:
            await session.close()

    def _seal(self, word: str, token: str) -> str:
        return self._box(word).encrypt(token.encode()).decode() if token else ""

    def _box(self, word: str) -> Fernet:
        key = hmac.digest(self._secret, b"ascolto/sessions/refresh/" + word.encode(), "sha256")
        return Fernet(base64.urlsafe_b64encode(key))


def _row(word: str, version: int, session: Session) -> Raw:
    return {"_id": _hidden(word), "version": version, "state": _FORM.dump_python(session)}


def _hidden(word: str) -> str:
    """The id under which a word is stored: whoever reads the database learns no cookie."""
    return hashlib.sha256(word.encode()).hexdigest()
