"""Login for pages: whoever comes back from the issuer gets a session of the service's own, and the issuer is asked again while it lasts."""

import asyncio
import base64
import hmac
import json
from dataclasses import asdict, dataclass
from datetime import timedelta
from functools import partial
from typing import Protocol
from urllib.parse import quote, urlsplit

from cryptography.fernet import Fernet, InvalidToken
from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import RedirectResponse

from chassis.clock import Clock, utc_now
from chassis.errors import Refused, Unavailable
from chassis.http.code_flow import CodeFlow, Round, same
from chassis.http.context import RoleGuard, ServiceContext
from chassis.http.csrf import CsrfTokens
from chassis.http.issuer import Issuer, issuer_of
from chassis.http.problems import SHOW
from chassis.http.service_token import read_secret
from chassis.http.sessions import (
    CONFIRM_SECONDS,
    LOGIN_SECONDS,
    RETRY_SECONDS,
    SESSION_SECONDS,
    UNCONFIRMED_SECONDS,
    Held,
    Session,
    Sessions,
)
from chassis.http.tokens import Principal
from chassis.observe.logs import log
from chassis.settings import ClientSettings
from chassis.store.port import Store

ENTER, BACK, LEAVE = "/accesso", "/accesso/ritorno", "/uscita"
TRIP_COOKIE = "accesso"
WAIT_SECONDS, LOOK_SECONDS = 6.0, 0.1  # for the answer that another request waits for


@dataclass(frozen=True)
class Visitor:
    """Who uses a page: the id and name that the issuer gave, the roles, and what the forms of this session are sealed to."""

    subject: str
    name: str
    roles: frozenset[str]
    session: str


class Show(Protocol):
    """Makes a page of what happened, in the words and the look of the service."""

    def __call__(
        self, slug: str, status: int, link: str | None = None, visitor: Visitor | None = None
    ) -> Response:
        """The page; `link` leads on, when there is somewhere to go; `visitor` is who is logged in, and can leave from it."""


class Login:
    """The login of one service's pages."""

    def __init__(
        self, issuer: Issuer, client: str, client_secret: str, secret: bytes, public_url: str, clock: Clock
    ) -> None:
        url = public_url.rstrip("/")
        self._flow = CodeFlow(issuer, client, client_secret, f"{url}{BACK}", clock)
        self._secret, self._clock = secret, clock
        self.csrf = CsrfTokens(hmac.digest(secret, b"ascolto/login/forms", "sha256"))
        key = hmac.digest(secret, b"ascolto/login/cookies", "sha256")
        self._box = Fernet(base64.urlsafe_b64encode(key))
        self._secure = url.startswith("https://")
        # The prefix makes browsers refuse it from anywhere but this host over TLS.
        self.session_cookie = "__Host-sessione" if self._secure else "sessione"

    def sessions_in(self, store: Store) -> Sessions:
        """The sessions that this store keeps."""
        return Sessions(store, self._secret, self._clock)

    async def send_to_issuer(self, wanted: str) -> Response:
        """Send somebody to the issuer to say who they are; raises Unavailable when it was never reached."""
        trip, place = await self._flow.begin(own_path(wanted))
        answer = RedirectResponse(place, 303)
        row = json.dumps([TRIP_COOKIE, asdict(trip)]).encode()
        sealed = self._box.encrypt_at_time(row, int(self._clock().timestamp())).decode()
        self._put(answer, TRIP_COOKIE, sealed, LOGIN_SECONDS, ENTER)
        return answer

    async def let_in(self, request: Request, sessions: Sessions) -> Response:
        """Let in whoever comes back from the issuer; raises Refused for anything that was not asked for here."""
        trip, said = self._trip(request), request.query_params
        if trip is None or not same(trip.state, said.get("state", "")):
            raise Refused("login-not-asked", "This login was not begun here, or too long ago.", 403)
        if "code" not in said:
            raise Refused("login-refused", "The issuer did not let anybody in.", 403)
        before = await sessions.find(self._word(request))
        identity = await self._flow.exchange(said["code"], trip)
        word = await sessions.begin(trip.state, trip.nonce, identity, before)
        answer = RedirectResponse(trip.wanted, 303)
        self._put(answer, self.session_cookie, word, SESSION_SECONDS)
        answer.delete_cookie(TRIP_COOKIE, path=ENTER, httponly=True, samesite="lax", secure=self._secure)
        return answer

    async def visitor(self, request: Request, sessions: Sessions) -> Visitor | None:
        """Who is logged in with this browser, with roles that the issuer said lately, or nobody.

        Raises Refused (403) for a form that comes when the issuer has to be asked by way of the browser, and Unavailable
        when the issuer has not answered for too long.
        """
        held = await sessions.find(self._word(request))
        if held is None or not _older(held.session, CONFIRM_SECONDS, self._clock):
            return _visitor(held)
        if held.session.refresh:
            return _visitor(await self._confirmed(held, sessions))
        if request.method == "POST":
            raise Refused("login-unconfirmed", "The issuer has to confirm this login first.", 403)
        return None

    async def holder(self, request: Request, sessions: Sessions) -> Visitor | None:
        """Whose session this browser has, whatever the issuer says of them by now."""
        return _visitor(await sessions.find(self._word(request)))

    async def let_out(self, request: Request, sessions: Sessions, show: Show) -> Response:
        """End the session of this browser; raises Unavailable when it may not have ended."""
        await sessions.end(self._word(request))
        answer = show("logged-out", 200, await self._flow.leaving_address())
        answer.delete_cookie(self.session_cookie, httponly=True, samesite="lax", secure=self._secure)
        return answer

    async def close(self) -> None:
        """End the connections to the issuer."""
        await self._flow.close()

    async def _confirmed(self, held: Held, sessions: Sessions) -> Held | None:
        """The session with what the issuer says now, asked by one request at a time; nothing when it has ended."""
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
            await sessions.give_back(held)
            return self._unless_stale(held)
        except Refused as refusal:
            log("login ended by the issuer", reason=refusal.detail)
            await sessions.end(held.word)
            return None
        return await sessions.confirm(held, identity)

    async def _answered(self, held: Held, sessions: Sessions) -> Held | None:
        """The session once the request that asks the issuer has its answer, or does not get any."""
        for _ in range(round(WAIT_SECONDS / LOOK_SECONDS)):
            found = await sessions.find(held.word)
            if found is None or not _older(found.session, CONFIRM_SECONDS, self._clock):
                return found
            if not found.session.http_client:
                break
            await asyncio.sleep(LOOK_SECONDS)
        return self._unless_stale(held)

    def _unless_stale(self, held: Held) -> Held:
        if _older(held.session, UNCONFIRMED_SECONDS, self._clock):
            raise Unavailable("the issuer has not confirmed this login for too long")
        return held

    def _word(self, request: Request) -> str:
        return request.cookies.get(self.session_cookie, "")

    def _put(self, answer: Response, name: str, value: str, seconds: int, path: str = "/") -> None:
        answer.set_cookie(name, value, seconds, path=path, httponly=True, samesite="lax", secure=self._secure)

    def _trip(self, request: Request) -> Round | None:
        now = int(self._clock().timestamp())
        try:
            opened = self._box.decrypt_at_time(
                request.cookies.get(TRIP_COOKIE, "").encode(), LOGIN_SECONDS, now
            )
        except InvalidToken:
            return None
        meant_for, row = json.loads(opened)
        return Round(**row) if meant_for == TRIP_COOKIE else None


def _older(session: Session, seconds: int, clock: Clock) -> bool:
    """Whether the issuer's last word on a session is older than this."""
    return clock() >= session.confirmed + timedelta(seconds=seconds)


def _visitor(held: Held | None) -> Visitor | None:
    if held is None:
        return None
    session = held.session
    return Visitor(session.subject, session.name, frozenset(session.roles), session.forms)


class SessionGuard(RoleGuard):
    """The lock of a page: whoever is not logged in is sent to the login; a form has to be one of this session's."""

    def __init__(self, context: ServiceContext, login: Login, roles: tuple[str, ...], show: Show) -> None:
        super().__init__(roles, context.rates)
        self._login, self._show = login, show
        self._sessions = login.sessions_in(context.store)

    async def __call__(self, request: Request) -> Visitor:
        """Who it is; raises Refused: 303 to the login, 403 or 429; or Unavailable."""
        request.scope[SHOW] = self._show
        self.count(request)
        visitor = await self._who(request)
        if visitor is None:
            wanted = request.url.path if request.method == "GET" else ""
            place = f"{ENTER}?torna={quote(wanted)}" if wanted else ENTER
            raise Refused("not-logged-in", "Log in first.", 303, headers={"Location": place})
        request.scope[SHOW] = partial(self._show, visitor=visitor)
        self.admit(Principal(visitor.subject, visitor.roles))
        if request.method == "POST":
            seal = (await request.form()).get("seal", "")
            if not self._login.csrf.fits(visitor.session, str(seal)):
                raise Refused("unsealed", "The form is not one that this session was shown.", 403, "seal")
        return visitor

    async def _who(self, request: Request) -> Visitor | None:
        return await self._login.visitor(request, self._sessions)


class SessionEndGuard(SessionGuard):
    """The lock of the way out: any session can be ended, whatever its roles and whether or not the issuer answers."""

    async def _who(self, request: Request) -> Visitor | None:
        return await self._login.holder(request, self._sessions)

    def admit(self, principal: Principal) -> Principal:
        """Let anybody pass who has a session."""
        return principal


def login_of(settings: ClientSettings, public_url: str, clock: Clock = utc_now) -> Login:
    """The login that the settings describe; `public_url` is where browsers find the pages."""
    secret = bytes.fromhex(settings.secret.read_text().strip())
    client_secret = read_secret(settings.client_secret)
    return Login(issuer_of(settings), settings.client, client_secret, secret, public_url, clock)


def own_path(wanted: str) -> str:
    """A path of ours, whatever was asked: nobody is sent elsewhere after the login."""
    parts = urlsplit(wanted)
    ours = not parts.scheme and not parts.netloc and wanted.startswith("/") and "\\" not in wanted
    return wanted if ours and not wanted.startswith("//") and wanted.isprintable() else "/"


def login_router(
    context: ServiceContext, login: Login, home: str, roles: tuple[str, ...], show: Show
) -> APIRouter:
    """The way in and out; `home` is where a login leads that wanted nothing else."""
    site, sessions = APIRouter(include_in_schema=False), login.sessions_in(context.store)
    public = context.require("public")

    def show_leaving(
        slug: str, status: int, link: str | None = None, visitor: Visitor | None = None
    ) -> Response:
        return show("not-logged-out" if slug == "unavailable" else slug, status, link, visitor)

    @site.get(ENTER, dependencies=[Depends(public)])
    async def enter(request: Request, torna: str = home) -> Response:
        request.scope[SHOW] = show
        return await login.send_to_issuer(torna)

    @site.get(BACK, dependencies=[Depends(public)])
    async def come_back(request: Request) -> Response:
        request.scope[SHOW] = show
        return await login.let_in(request, sessions)

    @site.post(LEAVE, dependencies=[Depends(SessionEndGuard(context, login, roles, show_leaving))])
    async def leave(request: Request) -> Response:
        return await login.let_out(request, sessions, show)

    return site
