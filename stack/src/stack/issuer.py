"""The development issuer: a small OpenID provider for one machine, with invented users and without passwords."""

import argparse
import hashlib
import hmac
import json
import secrets
import time
from base64 import urlsafe_b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlencode, urlsplit

import uvicorn
from fastapi import APIRouter, Depends, FastAPI, Form, HTTPException, Query, Request
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from fastapi.security import HTTPBasic, HTTPBasicCredentials
from joserfc import jwt
from joserfc.jwk import ECKey, import_key
from pydantic import BaseModel

from stack.files import has_content, write_atomically
from stack.issuer_authorization import AuthorizationChoice, AuthorizationRequest, is_local
from stack.issuer_logins import BROWSER_COOKIE, LOGIN_SECONDS, Change, Login, Logins
from stack.issuer_page import PEOPLE, ROLES, STYLE, USUAL, choose, show_goodbye, show_people
from stack.ports import HOST

AUDIENCE = "ascolto"
CODE_SECONDS = 60.0
PAGE_POLICY = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; base-uri 'none'; frame-ancestors 'none'"
}
NO_STORE = {"Cache-Control": "no-store", "Pragma": "no-cache"}


class TokenRequest(BaseModel):
    """A request to the token endpoint."""

    grant_type: str
    client_id: str = ""
    client_secret: str = ""
    code: str = ""
    redirect_uri: str = ""
    code_verifier: str = ""
    refresh_token: str = ""


@dataclass(frozen=True)
class Code:
    """An authorization code and its expiry, for one exchange."""

    asked: AuthorizationChoice
    until: float
    browser: str


@dataclass
class DevelopmentIssuer:
    """The issuer: its `iss`, its signing key, its clients and the lifetime of its tokens in seconds.

    With `single_sign_on` a browser that signed in once is not asked again until it signs out."""

    name: str
    key: ECKey
    clients: Mapping[str, Mapping[str, Any]]
    seconds: int
    clock: Callable[[], float] = time.time
    single_sign_on: bool = False

    def __post_init__(self) -> None:
        """Starts without codes and logins."""
        self._codes: dict[str, Code] = {}
        self.logins = Logins(self.clock)

    def document(self, base_url: str) -> dict[str, Any]:
        """The discovery document: browsers use the issuer's name, programs the address at which they reached it."""
        return {
            "issuer": self.name,
            "authorization_endpoint": f"{self.name}/authorize",
            "token_endpoint": f"{base_url}/token",
            "jwks_uri": f"{base_url}/jwks",
            "end_session_endpoint": f"{self.name}/logout",
            "response_types_supported": ["code"],
            "grant_types_supported": ["authorization_code", "client_credentials", "refresh_token"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["ES256"],
            "code_challenge_methods_supported": ["S256"],
            "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
            "ascolto_development": True,
        }

    def check(self, asked: AuthorizationRequest) -> None:
        """Raises HTTPException for an authorization request that must not be redirected."""
        if asked.client_id not in self.clients:
            raise HTTPException(400, f"client_id: unknown client {asked.client_id!r}")
        if not is_local(asked.redirect_uri):
            raise HTTPException(
                400, "redirect_uri: this issuer redirects to http addresses of this machine only"
            )
        registered = self.clients[asked.client_id].get("back", "")
        if registered and urlsplit(asked.redirect_uri).path != registered:
            raise HTTPException(400, f"redirect_uri: {asked.client_id} is registered with {registered}")
        if asked.response_type != "code" or asked.code_challenge_method != "S256":
            raise HTTPException(400, "code_challenge_method: use response_type code with PKCE method S256")

    def sign_in(self, chosen: AuthorizationChoice) -> str:
        """Signs the chosen user in with a browser; returns the secret of the browser's cookie."""
        self.check(chosen)
        role = chosen.role or USUAL.get(chosen.person, "")
        if chosen.person not in PEOPLE or role not in ROLES:
            raise HTTPException(400, "person, role: choose from the page")
        return self.logins.sign_in(chosen.person, role)

    def issue_code(self, asked: AuthorizationRequest, browser: str) -> str:
        """A code for the user of this browser, for one exchange within CODE_SECONDS."""
        self.check(asked)
        who, now = self.logins.signed_in(browser), self.clock()
        assert who is not None
        chosen = AuthorizationChoice(**asked.model_dump() | {"person": who.person, "role": who.role})
        self._codes = {value: code for value, code in self._codes.items() if code.until > now}
        value = secrets.token_urlsafe(32)
        self._codes[value] = Code(chosen, now + CODE_SECONDS, browser)
        return value

    def tokens(self, wanted: TokenRequest) -> dict[str, Any]:
        """The tokens of a grant; raises HTTPException with an OAuth error code for an invalid one."""
        client = self.clients.get(wanted.client_id)
        if client is None or not hmac.compare_digest(str(client["secret"]), wanted.client_secret):
            raise HTTPException(401, "invalid_client")
        if wanted.grant_type == "client_credentials" and client["roles"]:
            return self._access_token(wanted.client_id, wanted.client_id, client["roles"])
        if wanted.grant_type == "authorization_code":
            return self._exchange(wanted)
        if wanted.grant_type == "refresh_token":
            return self._login_tokens(self.logins.refresh(wanted.refresh_token, wanted.client_id), {})
        raise HTTPException(400, "unauthorized_client")

    def _exchange(self, wanted: TokenRequest) -> dict[str, Any]:
        code = self._codes.pop(wanted.code, None)
        challenge = (
            urlsafe_b64encode(hashlib.sha256(wanted.code_verifier.encode()).digest()).decode().rstrip("=")
        )
        if code is None or code.until <= self.clock():
            raise HTTPException(400, "invalid_grant")
        asked = code.asked
        same = (asked.client_id, asked.redirect_uri) == (wanted.client_id, wanted.redirect_uri)
        if not same or not hmac.compare_digest(challenge, asked.code_challenge):
            raise HTTPException(400, "invalid_grant")
        login = self.logins.begin(asked.person, asked.role, asked.client_id, code.browser)
        return self._login_tokens(login, {"nonce": asked.nonce} if asked.nonce else {})

    def _login_tokens(self, login: Login, more: Mapping[str, Any]) -> dict[str, Any]:
        """The tokens of a login, with its current roles and its next refresh token."""
        roles = self.logins.roles(login.person, login.role)
        about = {"sub": login.person, "name": PEOPLE[login.person], "roles": roles, "aud": login.client}
        answer = self._access_token(login.person, login.client, roles)
        return answer | {"id_token": self._sign("JWT", {**about, **more}), "refresh_token": login.token}

    def _access_token(self, subject: str, client: str, roles: list[str]) -> dict[str, Any]:
        claims = {"sub": subject, "client_id": client, "aud": AUDIENCE, "roles": roles}
        claims |= {"jti": secrets.token_hex(8)}
        return {
            "access_token": self._sign("at+jwt", claims),
            "token_type": "Bearer",
            "expires_in": self.seconds,
        }

    def _sign(self, kind: str, claims: Mapping[str, Any]) -> str:
        now = int(self.clock())
        header = {"alg": "ES256", "typ": kind, "kid": self.key.kid}
        return jwt.encode(
            header, {"iss": self.name, "iat": now, "exp": now + self.seconds, **claims}, self.key
        )


def build_app(issuer: DevelopmentIssuer) -> FastAPI:
    """The HTTP application: the endpoints for programs and the pages for browsers."""
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None, redirect_slashes=False)
    app.include_router(_program_routes(issuer))
    app.include_router(_browser_routes(issuer))
    app.include_router(_people_routes(issuer))
    return app


def _program_routes(issuer: DevelopmentIssuer) -> APIRouter:
    router = APIRouter()
    basic = HTTPBasic(auto_error=False)

    @router.get("/.well-known/openid-configuration")
    async def describe(request: Request) -> dict[str, Any]:
        return issuer.document(str(request.base_url).rstrip("/"))

    @router.get("/jwks")
    async def publish_keys() -> dict[str, Any]:
        return {"keys": [issuer.key.as_dict(private=False, use="sig", alg="ES256")]}

    @router.post("/token")
    async def issue_tokens(
        wanted: Annotated[TokenRequest, Form()], shown: Annotated[HTTPBasicCredentials | None, Depends(basic)]
    ) -> JSONResponse:
        if shown is not None:
            wanted = wanted.model_copy(update={"client_id": shown.username, "client_secret": shown.password})
        try:
            return JSONResponse(issuer.tokens(wanted), headers=NO_STORE)
        except HTTPException as refusal:
            return JSONResponse({"error": refusal.detail}, refusal.status_code, NO_STORE)

    return router


def _browser_routes(issuer: DevelopmentIssuer) -> APIRouter:
    router = APIRouter()

    def go_back(asked: AuthorizationRequest, browser: str) -> Response:
        query = urlencode(
            {"code": issuer.issue_code(asked, browser), "state": asked.state, "iss": issuer.name}
        )
        return RedirectResponse(f"{asked.redirect_uri}?{query}", 303)

    @router.get("/authorize")
    async def ask_who(request: Request, asked: Annotated[AuthorizationRequest, Query()]) -> Response:
        issuer.check(asked)
        browser = request.cookies.get(BROWSER_COOKIE, "")
        if issuer.single_sign_on and issuer.logins.signed_in(browser) and asked.prompt != "login":
            return go_back(asked, browser)
        return HTMLResponse(choose(asked.model_dump()), headers=PAGE_POLICY)

    @router.post("/authorize")
    async def sign_in(chosen: Annotated[AuthorizationChoice, Form()]) -> Response:
        browser = issuer.sign_in(chosen)
        answer = go_back(chosen, browser)
        answer.set_cookie(BROWSER_COOKIE, browser, int(LOGIN_SECONDS), httponly=True, samesite="lax")
        return answer

    @router.get("/logout")
    async def sign_out(request: Request, post_logout_redirect_uri: str = "") -> Response:
        issuer.logins.sign_out(request.cookies.get(BROWSER_COOKIE, ""))
        back = post_logout_redirect_uri if is_local(post_logout_redirect_uri) else ""
        answer = HTMLResponse(show_goodbye(back), headers=PAGE_POLICY)
        answer.delete_cookie(BROWSER_COOKIE, httponly=True, samesite="lax")
        return answer

    return router


def _people_routes(issuer: DevelopmentIssuer) -> APIRouter:
    router = APIRouter()

    @router.get("/people")
    async def look_at_people() -> HTMLResponse:
        logins = {person: issuer.logins.of(person) for person in PEOPLE}
        return HTMLResponse(show_people(logins, issuer.logins.taken), headers=PAGE_POLICY)

    @router.post("/people")
    async def change_people(change: Annotated[Change, Form()]) -> Response:
        issuer.logins.change(change)
        return RedirectResponse("/people", 303)

    @router.get("/issuer.css")
    async def show_style() -> Response:
        return Response(STYLE, media_type="text/css")

    return router


def load_key(path: Path) -> ECKey:
    """The signing key in this file, created when there is none."""
    if not has_content(path):
        fresh = ECKey.generate_key("P-256", parameters={"kid": secrets.token_hex(8)})
        write_atomically(path, json.dumps(fresh.as_dict(private=True)), mode=0o600)
    found = import_key(json.loads(path.read_text()))
    assert isinstance(found, ECKey)
    return found


def main() -> None:
    """Serves until the process ends; refuses the stage production."""
    parser = argparse.ArgumentParser(prog="stack.issuer", description=__doc__)
    parser.add_argument("--stage", choices=("development", "production"), required=True)
    parser.add_argument("--host", default=HOST)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--name", help="the address for browsers, which is also its `iss`")
    parser.add_argument("--key", type=Path, required=True, help="file of its key, created at the first start")
    parser.add_argument(
        "--clients", type=Path, required=True, help="JSON file of clients with secret and roles"
    )
    parser.add_argument("--seconds", type=int, default=600, help="lifetime of its tokens in seconds")
    asked = parser.parse_args()
    if asked.stage == "production":
        parser.error(
            "it lets you sign in as any user: in production set ASCOLTO_ISSUER to a real OpenID provider"
        )
    name = (asked.name or f"http://{HOST}:{asked.port}").rstrip("/")
    clients = json.loads(asked.clients.read_text())
    issuer = DevelopmentIssuer(name, load_key(asked.key), clients, asked.seconds, single_sign_on=True)
    uvicorn.run(build_app(issuer), host=asked.host, port=asked.port, log_level="warning")


if __name__ == "__main__":
    main()
