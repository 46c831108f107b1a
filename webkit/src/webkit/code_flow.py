"""The authorization code flow with PKCE at any OpenID provider."""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import httpx

from chassis.clock import Clock
from chassis.errors import Refused, Unavailable
from chassis.web import Issuer, roles_in, verified
from webkit.sessions import Identity

_TRY_LATER = frozenset({408, 425, 429})


@dataclass(frozen=True)
class LoginAttempt:
    """What must match when a person comes back from the issuer."""

    state: str
    nonce: str
    verifier: str
    wanted: str


class CodeFlow:
    """One client of the issuer; `back` is the redirect address."""

    def __init__(self, issuer: Issuer, client: str, secret: str, back: str, clock: Clock) -> None:
        self._issuer, self._client, self._back, self._clock = issuer, client, back, clock
        self._auth = httpx.BasicAuth(client, secret)

    async def begin(self, wanted: str) -> tuple[LoginAttempt, str]:
        """A new round and the address that starts it; raises Unavailable when the issuer was never reached."""
        known = await self._issuer.known()
        state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode()
        asked = {
            "response_type": "code",
            "client_id": self._client,
            "redirect_uri": self._back,
            "scope": "openid profile",
            "state": state,
            "nonce": nonce,
            "code_challenge": challenge.rstrip("="),
            "code_challenge_method": "S256",
        }
        joint = "&" if "?" in known.authorization_endpoint else "?"
        return LoginAttempt(
            state, nonce, verifier, wanted
        ), f"{known.authorization_endpoint}{joint}{urlencode(asked)}"

    async def exchange(self, code: str, attempt: LoginAttempt) -> Identity:
        """The identity for an authorization code; raises Refused, or Unavailable when the issuer does not answer."""
        form = {"grant_type": "authorization_code", "code": code, "code_verifier": attempt.verifier}
        tokens = await self._ask(form | {"redirect_uri": self._back})
        claims = await self._claims(tokens)
        if not same(str(claims.get("nonce", "")), attempt.nonce):
            raise Refused("login-not-asked", "The issuer's answer belongs to another login.", 403)
        return _identity(claims, tokens)

    async def refresh(self, token: str, subject: str, nonce: str) -> Identity:
        """The identity that the issuer confirms now (OpenID Connect Core 12.2).

        Raises Refused when the issuer no longer confirms the login, or Unavailable when it does not answer.
        """
        tokens = await self._ask({"grant_type": "refresh_token", "refresh_token": token})
        claims = await self._claims(tokens)
        if str(claims["sub"]) != subject or not same(str(claims.get("nonce", nonce)), nonce):
            raise Refused("login-refused", "The issuer's answer is about another login.", 403)
        return _identity(claims, tokens)

    async def leaving_address(self) -> str | None:
        """The issuer's logout address, if it has one and was ever reached."""
        try:
            return (await self._issuer.known()).end_session_endpoint
        except Unavailable:
            return None

    async def close(self) -> None:
        """Close the connections to the issuer."""
        await self._issuer.client.aclose()

    async def _claims(self, tokens: Mapping[str, Any]) -> Mapping[str, Any]:
        token = tokens.get("id_token")
        if not isinstance(token, str):
            raise Refused("login-refused", "The issuer gave no ID token.", 403)
        return (await verified(self._issuer, token, self._client, self._clock))[1]

    async def _ask(self, form: Mapping[str, str]) -> Mapping[str, Any]:
        known = await self._issuer.known()
        try:
            answer = await self._issuer.client.post(known.token_endpoint, data=form, auth=self._auth)
        except httpx.HTTPError as error:
            raise Unavailable(f"the issuer does not answer ({type(error).__name__})") from None
        if answer.status_code >= 500 or answer.status_code in _TRY_LATER:
            raise Unavailable(f"the issuer does not answer ({answer.status_code})")
        try:
            tokens = answer.json()
        except ValueError:
            tokens = None
        if answer.status_code != 200 or not isinstance(tokens, dict):
            raise Refused("login-refused", f"The issuer gave nothing ({answer.status_code}).", 403)
        return tokens


def _identity(claims: Mapping[str, Any], tokens: Mapping[str, Any]) -> Identity:
    refresh = tokens.get("refresh_token")
    return Identity(
        subject=str(claims["sub"]),
        name=str(claims.get("name") or ""),
        roles=tuple(sorted(roles_in(claims))),
        refresh=refresh if isinstance(refresh, str) else "",
    )


def same(one: str, other: str) -> bool:
    """Whether two secrets are equal, in constant time."""
    return hmac.compare_digest(one.encode(), other.encode())
