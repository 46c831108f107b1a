"""Login for pages: authorization code with PKCE at any OpenID provider; who came in is kept in a sealed cookie of the browser."""

import base64
import hashlib
import hmac
import json
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Protocol
from urllib.parse import quote, urlencode, urlsplit

import httpx
from cryptography.fernet import Fernet, InvalidToken
from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import RedirectResponse

from chassis.clock import Clock, utc_now
from chassis.doors import Doors, Lock
from chassis.errors import Refused, Unavailable
from chassis.forms import Forms
from chassis.issuer import Issuer, issuer_of
from chassis.problems import SHOW
from chassis.service_token import read_secret
from chassis.settings import ClientSettings
from chassis.tokens import Principal, roles_in, verified

ENTER, BACK, LEAVE = "/accesso", "/accesso/ritorno", "/uscita"
SESSION_SECONDS, ROUND_TRIP_SECONDS = 3600, 600


@dataclass(frozen=True)
class Visitor:
    """Who uses a page: the id and name that the issuer gave, the roles, and the id of this session."""

    subject: str
    name: str
    roles: frozenset[str]
    session: str


@dataclass(frozen=True)
class Round:
    """What has to come back from the issuer with somebody who was sent there."""

    state: str
    nonce: str
    verifier: str
    wanted: str


class Show(Protocol):
    """Makes a page of what happened, in the words and the look of the service."""

    def __call__(self, slug: str, status: int, link: str | None = None) -> Response:
        """The page; `link` leads on, when there is somewhere to go."""


class Login:
    """The login of one service's pages."""

    def __init__(
        self, issuer: Issuer, client: str, client_secret: str, secret: bytes, public_url: str, clock: Clock
    ) -> None:
        self._issuer, self._client, self._client_secret = issuer, client, client_secret
        self._url, self._clock = public_url.rstrip("/"), clock
        self.forms = Forms(hmac.digest(secret, b"ascolto/login/forms", "sha256"))
        key = hmac.digest(secret, b"ascolto/login/cookies", "sha256")
        self._box = Fernet(base64.urlsafe_b64encode(key))
        self._secure = self._url.startswith("https://")
        # The prefix makes browsers refuse it from anywhere but this host over TLS.
        self.session_cookie = "__Host-sessione" if self._secure else "sessione"

    async def send_to_issuer(self, wanted: str) -> Response:
        """Send somebody to the issuer to say who they are; raises Unavailable when it was never reached."""
        known = await self._issuer.known()
        state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
        trip = Round(state, nonce, verifier, own_path(wanted))
        challenge = base64.urlsafe_b64encode(hashlib.sha256(trip.verifier.encode()).digest()).decode()
        asked = {
            "response_type": "code",
            "client_id": self._client,
            "redirect_uri": f"{self._url}{BACK}",
            "scope": "openid profile",
            "state": trip.state,
            "nonce": trip.nonce,
            "code_challenge": challenge.rstrip("="),
            "code_challenge_method": "S256",
        }
        joint = "&" if "?" in known.authorization_endpoint else "?"
        answer = RedirectResponse(f"{known.authorization_endpoint}{joint}{urlencode(asked)}", 303)
        self._put(answer, "accesso", asdict(trip), ROUND_TRIP_SECONDS, path=ENTER)
        return answer

    async def let_in(self, request: Request) -> Response:
        """Let in whoever comes back from the issuer; raises Refused for anything that was not asked for here."""
        trip = self._open(request, "accesso", ROUND_TRIP_SECONDS)
        said = request.query_params
        if trip is None or not hmac.compare_digest(trip["state"].encode(), said.get("state", "").encode()):
            raise Refused("login-not-asked", "This login was not begun here, or too long ago.", 403)
        if "code" not in said:
            raise Refused("login-refused", "The issuer did not let anybody in.", 403)
        token = await self._exchange(said["code"], trip["verifier"])
        _, claims = await verified(self._issuer, token, self._client, self._clock)
        if not hmac.compare_digest(str(claims.get("nonce", "")).encode(), trip["nonce"].encode()):
            raise Refused("login-not-asked", "The issuer's answer belongs to another login.", 403)
        visitor = {
            "subject": claims["sub"],
            "name": str(claims.get("name") or claims["sub"]),
            "roles": sorted(roles_in(claims)),
            "session": secrets.token_hex(16),
        }
        answer = RedirectResponse(trip["wanted"], 303)
        self._put(answer, self.session_cookie, visitor, SESSION_SECONDS)
        answer.delete_cookie("accesso", path=ENTER, httponly=True, samesite="lax", secure=self._secure)
        return answer

    async def _exchange(self, code: str, verifier: str) -> str:
        known = await self._issuer.known()
        form = {"grant_type": "authorization_code", "code": code, "code_verifier": verifier}
        try:
            answer = await self._issuer.client.post(
                known.token_endpoint,
                data=form | {"redirect_uri": f"{self._url}{BACK}"},
                auth=httpx.BasicAuth(self._client, self._client_secret),
            )
            return str(answer.json()["id_token"])
        except httpx.HTTPError as error:
            raise Unavailable(f"the issuer does not answer ({type(error).__name__})") from None
        except (ValueError, KeyError, TypeError):
            raise Refused("login-refused", "The issuer gave nothing for this code.", 403) from None

    async def close(self) -> None:
        """End the connections to the issuer."""
        await self._issuer.client.aclose()

    def visitor(self, request: Request) -> Visitor | None:
        """Who is logged in with this browser, or nobody."""
        row = self._open(request, self.session_cookie, SESSION_SECONDS)
        if row is None:
            return None
        return Visitor(row["subject"], row["name"], frozenset(row["roles"]), row["session"])

    def let_out(self, answer: Response) -> None:
        """End the session of the browser that gets this answer."""
        answer.delete_cookie(self.session_cookie, httponly=True, samesite="lax", secure=self._secure)

    async def leaving_address(self) -> str | None:
        """Where somebody ends the session that they have at the issuer, if it has such a place and was ever reached."""
        try:
            return (await self._issuer.known()).end_session_endpoint
        except Unavailable:
            return None

    def _put(
        self, answer: Response, name: str, row: Mapping[str, Any], seconds: int, path: str = "/"
    ) -> None:
        now = int(self._clock().timestamp())
        sealed = self._box.encrypt_at_time(json.dumps([name, row]).encode(), now).decode()
        answer.set_cookie(
            name, sealed, seconds, path=path, httponly=True, samesite="lax", secure=self._secure
        )

    def _open(self, request: Request, name: str, seconds: int) -> dict[str, Any] | None:
        now = int(self._clock().timestamp())
        try:
            opened = self._box.decrypt_at_time(request.cookies.get(name, "").encode(), seconds, now)
        except InvalidToken:
            return None
        meant_for, row = json.loads(opened)
        return row if meant_for == name else None


class Enter(Lock):
    """The lock of a page: whoever is not logged in is sent to the login; a form has to be one of this session's."""

    def __init__(self, doors: Doors, login: Login, roles: tuple[str, ...], show: Show) -> None:
        super().__init__(roles, doors.rates)
        self._login, self._show = login, show

    async def __call__(self, request: Request) -> Visitor:
        """Who it is; raises Refused: 303 to the login, 403 or 429."""
        request.scope[SHOW] = self._show
        self.count(request)
        visitor = self._login.visitor(request)
        if visitor is None:
            wanted = request.url.path if request.method == "GET" else ""
            place = f"{ENTER}?torna={quote(wanted)}" if wanted else ENTER
            raise Refused("not-logged-in", "Log in first.", 303, headers={"Location": place})
        self.admit(Principal(visitor.subject, visitor.roles))
        if request.method == "POST":
            seal = (await request.form()).get("seal", "")
            if not self._login.forms.fits(visitor.session, str(seal)):
                raise Refused("unsealed", "The form is not one that this session was shown.", 403, "seal")
        return visitor


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


def login_router(doors: Doors, login: Login, home: str, roles: tuple[str, ...], show: Show) -> APIRouter:
    """The way in and out; `home` is where a login leads that wanted nothing else."""
    site = APIRouter(include_in_schema=False)
    public, inside = doors.require("public"), Enter(doors, login, roles, show)

    @site.get(ENTER, dependencies=[Depends(public)])
    async def enter(request: Request, torna: str = home) -> Response:
        request.scope[SHOW] = show
        return await login.send_to_issuer(torna)

    @site.get(BACK, dependencies=[Depends(public)])
    async def come_back(request: Request) -> Response:
        request.scope[SHOW] = show
        return await login.let_in(request)

    @site.post(LEAVE, dependencies=[Depends(inside)])
    async def leave() -> Response:
        answer = show("logged-out", 200, await login.leaving_address())
        login.let_out(answer)
        return answer

    return site
