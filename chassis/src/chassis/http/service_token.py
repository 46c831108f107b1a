"""Tokens for requests to other services: requested from the issuer with client credentials, cached until shortly before they expire."""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable
from pathlib import Path

import httpx

from chassis.errors import Misuse, Unavailable
from chassis.http.issuer import Issuer
from chassis.observe.tracing import current_traceparent

EARLY_SECONDS = 30.0


def read_secret(path: Path) -> str:
    """The secret in a file of one line; raises Misuse with the file's name."""
    try:
        text = path.read_text().strip()
    except (OSError, ValueError) as error:
        raise Misuse(f"{path}: a file with the client's secret is needed ({error})") from error
    if not text:
        raise Misuse(f"{path}: the file is empty; it must contain the client's secret")
    return text


class ServiceToken(httpx.Auth):
    """Adds a service token to every request; a token that the server rejects is replaced once."""

    def __init__(
        self, issuer: Issuer, client: str, secret: str, tick: Callable[[], float] = time.monotonic
    ) -> None:
        self._issuer, self._client, self._secret, self._tick = issuer, client, secret, tick
        self._token, self._until = "", 0.0
        self._one_at_a_time = asyncio.Lock()

    async def token(self) -> str:
        """A token that is still valid for a while; raises Unavailable when the issuer does not issue one."""
        async with self._one_at_a_time:
            if not self._token or self._tick() >= self._until:
                await self._ask()
            return self._token

    async def async_auth_flow(self, request: httpx.Request) -> AsyncGenerator[httpx.Request, httpx.Response]:
        """Send the token; on 401, drop it and retry once with a new one."""
        # Only our own services continue the trace: the issuer does not get it.
        if parent := current_traceparent():
            request.headers["traceparent"] = parent
        token = await self.token()
        request.headers["Authorization"] = f"Bearer {token}"
        response = yield request
        if response.status_code == 401:
            if self._token == token:
                self._token = ""
            request.headers["Authorization"] = f"Bearer {await self.token()}"
            yield request

    async def _ask(self) -> None:
        asked_at, self._token = self._tick(), ""
        known = await self._issuer.known()
        try:
            answer = await self._issuer.client.post(
                known.token_endpoint,
                data={"grant_type": "client_credentials"},
                auth=httpx.BasicAuth(self._client, self._secret),
            )
            body = answer.json()
            token, lasts = str(body["access_token"]), float(body.get("expires_in", 60))
        except httpx.HTTPError as error:
            raise Unavailable(f"the issuer does not answer ({type(error).__name__})") from None
        except (ValueError, KeyError, TypeError):
            raise Unavailable(
                f"the issuer issued no token to {self._client} ({answer.status_code})"
            ) from None
        # A token with a shorter lifetime is used for half of it.
        self._token, self._until = token, asked_at + max(lasts / 2, lasts - EARLY_SECONDS)
