"""The token that a program shows at another's door: asked from the issuer with its own secret, kept until shortly before its end."""

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
    """The one line of a secret's file; raises Misuse naming the file."""
    try:
        text = path.read_text().strip()
    except (OSError, ValueError) as error:
        raise Misuse(f"{path}: a file with the client's secret is needed ({error})") from error
    if not text:
        raise Misuse(f"{path}: it is empty; the client's secret belongs into it")
    return text


class ServiceToken(httpx.Auth):
    """Client credentials: every request shows the token; one that is not taken any more is replaced once."""

    def __init__(
        self, issuer: Issuer, client: str, secret: str, tick: Callable[[], float] = time.monotonic
    ) -> None:
        self._issuer, self._client, self._secret, self._tick = issuer, client, secret, tick
        self._token, self._until = "", 0.0
        self._one_at_a_time = asyncio.Lock()

    async def token(self) -> str:
        """A token that lasts a while yet; raises Unavailable when the issuer gives none."""
        async with self._one_at_a_time:
            if not self._token or self._tick() >= self._until:
                await self._ask()
            return self._token

    async def async_auth_flow(self, request: httpx.Request) -> AsyncGenerator[httpx.Request, httpx.Response]:
        """Show the token; when it is refused forget it and show a fresh one."""
        if (
            parent := current_traceparent()
        ):  # only a service of ours continues the trace, the issuer is not told
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
            said = answer.json()
            token, lasts = str(said["access_token"]), float(said.get("expires_in", 60))
        except httpx.HTTPError as error:
            raise Unavailable(f"the issuer does not answer ({type(error).__name__})") from None
        except (ValueError, KeyError, TypeError):
            raise Unavailable(f"the issuer gave {self._client} no token ({answer.status_code})") from None
        # A token that lives shorter than that is still used for half of its life.
        self._token, self._until = token, asked_at + max(lasts / 2, lasts - EARLY_SECONDS)
