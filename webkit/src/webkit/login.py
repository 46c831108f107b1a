"""Login for pages: after the issuer's redirect a person gets a session of the service, which the issuer reconfirms while it lasts."""

import asyncio
import base64
import hmac
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Protocol

from cryptography.fernet import Fernet, InvalidToken
from fastapi import Request, Response
from fastapi.responses import RedirectResponse

from chassis.clients import issuer_of, read_secret
from chassis.clock import Clock, utc_now
from chassis.errors import Refused, Unavailable
from chassis.settings import ClientSettings
from chassis.web import Issuer, Store, log
from webkit.addresses import own_path
from webkit.code_flow import CodeFlow, LoginAttempt, same
from webkit.csrf import CsrfTokens
from webkit.headers import staff_page_headers
from webkit.sessions import (
    CONFIRM_SECONDS,
    LOGIN_SECONDS,
    RETRY_SECONDS,
    SESSION_SECONDS,
    UNCONFIRMED_SECONDS,
    Held,
    Session,
    Sessions,
)

ENTER, BACK, LEAVE = "/accesso", "/accesso/ritorno", "/uscita"  # below the home of the service's pages
ATTEMPT_COOKIE = "accesso"
# One host has the pages of all services, and each service has a session of its own.
SESSION_COOKIE = "sessione-"
_HOST = "__Host-"  # browsers accept this prefix only from this host over TLS
WAIT_SECONDS, POLL_SECONDS = 6.0, 0.1  # to wait for the answer to another request


@dataclass(frozen=True)
class Visitor:
    """The user of a page: the issuer's id and name, the roles, and the value that the CSRF tokens of this session are bound to."""

    subject: str
    name: str
    roles: frozenset[str]
    session: str


class Show(Protocol):
    """Renders the page for an event, in the language and layout of the service."""

    def __call__(
        self, slug: str, status: int, link: str | None = None, visitor: Visitor | None = None
    ) -> Response:
        """The page; `link` is where to continue, if anywhere; `visitor` is who is logged in and can log out."""


@dataclass(frozen=True)
class Place:
    """Where the pages of a service are: the origin in browsers, the path of their home, and the name of the service."""

    public_url: str
    home: str
    service: str


ShowFor = Callable[[Request], Show]


class Login:
    """The login of one service's pages."""

    def __init__(
        self, issuer: Issuer, client: str, client_secret: str, secret: bytes, place: Place, clock: Clock
    ) -> None:
        url, self.home = place.public_url.rstrip("/"), place.home
        self.enter_path, self.leave_path = f"{place.home}{ENTER}", f"{place.home}{LEAVE}"
        self._flow = CodeFlow(issuer, client, client_secret, f"{url}{place.home}{BACK}", clock)
        self.page_headers = staff_page_headers(issuer.name)
        self._secret, self._clock = secret, clock
        self.csrf = CsrfTokens(hmac.digest(secret, b"ascolto/login/forms", "sha256"))
        key = hmac.digest(secret, b"ascolto/login/cookies", "sha256")
        self._box = Fernet(base64.urlsafe_b64encode(key))
        self._secure = url.startswith("https://")
        self.session_cookie = f"{_HOST if self._secure else ''}{SESSION_COOKIE}{place.service}"

    def sessions_in(self, store: Store) -> Sessions:
        """The sessions in this store."""
        return Sessions(store, self._secret, self._clock)

    async def send_to_issuer(self, wanted: str) -> Response:
        """Redirect to the issuer's login; raises Unavailable when the issuer was never reached."""
        attempt, place = await self._flow.begin(own_path(wanted))
        answer = RedirectResponse(place, 303)
        row = json.dumps([ATTEMPT_COOKIE, asdict(attempt)]).encode()
        sealed = self._box.encrypt_at_time(row, int(self._clock().timestamp())).decode()
        self._put(answer, ATTEMPT_COOKIE, sealed, LOGIN_SECONDS, self.enter_path)
        return answer

    async def complete(self, request: Request, sessions: Sessions) -> Response:
        """Complete a login after the issuer's redirect; raises Refused for a response that does not belong to a login of this browser."""
        attempt, query = self._attempt(request), request.query_params
        if attempt is None or not same(attempt.state, query.get("state", "")):
            raise Refused(
                "login-not-asked", "This login was not started in this browser, or too long ago.", 403
            )
        if "code" not in query:
            raise Refused("login-refused", "The issuer refused the login.", 403)
        before = await sessions.find(self._cookie(request))
        identity = await self._flow.exchange(query["code"], attempt)
        secret = await sessions.begin(attempt.state, attempt.nonce, identity, before)
        answer = RedirectResponse(attempt.wanted, 303)
        self._put(answer, self.session_cookie, secret, SESSION_SECONDS)
        answer.delete_cookie(
            ATTEMPT_COOKIE, path=self.enter_path, httponly=True, samesite="lax", secure=self._secure
        )
        return answer

    async def visitor(self, request: Request, sessions: Sessions) -> Visitor | None:
        """Who is logged in with this browser, with roles that the issuer confirmed recently, or None.

        Raises Refused (403) for a form when the browser must go through the issuer first, and Unavailable when the issuer has not
        answered for too long.
        """
        held = await sessions.find(self._cookie(request))
        if held is None or not _older(held.session, CONFIRM_SECONDS, self._clock):
            return _visitor(held)
        if held.session.refresh:
            return _visitor(await self._confirmed(held, sessions))
        if request.method == "POST":
            raise Refused("login-unconfirmed", "The issuer has to confirm this login first.", 403)
        return None

    async def holder(self, request: Request, sessions: Sessions) -> Visitor | None:
        """Whose session this browser has, without confirmation by the issuer."""
        return _visitor(await sessions.find(self._cookie(request)))

    def person(self, visitor: Visitor) -> str:
        """A token of this person, the same in every session."""
        return self.csrf.token(f"person/{visitor.subject}")

    def is_person(self, visitor: Visitor, token: str) -> bool:
        """Whether the token is that of this person; takes constant time."""
        return self.csrf.fits(f"person/{visitor.subject}", token)

    async def log_out(self, request: Request, sessions: Sessions, show: Show) -> Response:
        """End the session of this browser and make it forget those of the other services.

        Raises Unavailable when the session may not have ended.
        """
        await sessions.end(self._cookie(request))
        answer = show("logged-out", 200, await self._flow.leaving_address())
        for name in request.cookies:
            if name.removeprefix(_HOST).startswith(SESSION_COOKIE):
                answer.delete_cookie(name, httponly=True, samesite="lax", secure=self._secure)
        return answer

    async def close(self) -> None:
        """Close the connections to the issuer."""
        await self._flow.close()

    async def _confirmed(self, held: Held, sessions: Sessions) -> Held | None:
        """The session after the issuer's confirmation, requested by one request at a time; None when it has ended."""
        asked = held.session.asked
        if asked is None or self._clock() >= asked + timedelta(seconds=RETRY_SECONDS):
            mine = await sessions.claim(held)
            if mine is not None:
                return await self._ask_again(mine, sessions)
        return await self._answered(held, sessions)

    async def _ask_again(self, held: Held, sessions: Sessions) -> Held | None:
        session, token = held.session, sessions.refresh_token(held)
        try:
            identity = await self._flow.refresh(token, session.subject, session.nonce)
        except Unavailable as away:
            log("login not confirmed", level=30, reason=str(away))
            await sessions.release_claim(held)
            return self._unless_stale(held)
        except Refused as refusal:
            log("login ended by the issuer", reason=refusal.detail)
            await sessions.end(held.secret)
            return None
        return await sessions.confirm(held, identity)

    async def _answered(self, held: Held, sessions: Sessions) -> Held | None:
        """The session once the request that asks the issuer has its answer, or fails."""
        for _ in range(round(WAIT_SECONDS / POLL_SECONDS)):
            found = await sessions.find(held.secret)
            if found is None or not _older(found.session, CONFIRM_SECONDS, self._clock):
                return found
            if not found.session.asking:
                break
            await asyncio.sleep(POLL_SECONDS)
        return self._unless_stale(held)

    def _unless_stale(self, held: Held) -> Held:
        if _older(held.session, UNCONFIRMED_SECONDS, self._clock):
            raise Unavailable("the issuer has not confirmed this login for too long")
        return held

    def _cookie(self, request: Request) -> str:
        return request.cookies.get(self.session_cookie, "")

    def _put(self, answer: Response, name: str, value: str, seconds: int, path: str = "/") -> None:
        answer.set_cookie(name, value, seconds, path=path, httponly=True, samesite="lax", secure=self._secure)

    def _attempt(self, request: Request) -> LoginAttempt | None:
        now = int(self._clock().timestamp())
        try:
            opened = self._box.decrypt_at_time(
                request.cookies.get(ATTEMPT_COOKIE, "").encode(), LOGIN_SECONDS, now
            )
        except InvalidToken:
            return None
        meant_for, row = json.loads(opened)
        return LoginAttempt(**row) if meant_for == ATTEMPT_COOKIE else None


def _older(session: Session, seconds: int, clock: Clock) -> bool:
    """Whether the issuer's last confirmation is older than this."""
    return clock() >= session.confirmed + timedelta(seconds=seconds)


def _visitor(held: Held | None) -> Visitor | None:
    if held is None:
        return None
    session = held.session
    return Visitor(session.subject, session.name, frozenset(session.roles), session.forms)


def login_of(settings: ClientSettings, public_url: str, home: str, clock: Clock = utc_now) -> Login:
    """The login that the settings describe, to pages below `home`; `public_url` is the origin in browsers."""
    secret = bytes.fromhex(settings.secret.read_text().strip())
    client_secret = read_secret(settings.client_secret)
    place = Place(public_url, home, settings.service)
    return Login(issuer_of(settings), settings.client, client_secret, secret, place, clock)
