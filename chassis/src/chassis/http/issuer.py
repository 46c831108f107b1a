"""The OpenID provider: its endpoints and signing keys, cached while it is down."""

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import httpx
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey, import_key

from chassis.errors import Unavailable
from chassis.http.client import http_client
from chassis.observe.logs import log
from chassis.settings import ServiceSettings

DOCUMENT = "/.well-known/openid-configuration"
COOL_DOWN, FIRST_COOL_DOWN, FRESH_SECONDS = 10.0, 1.0, 600.0
TIMEOUT_SECONDS = 5.0
Key = ECKey | RSAKey


@dataclass(frozen=True)
class Known:
    """The issuer's endpoints and keys."""

    authorization_endpoint: str
    token_endpoint: str
    end_session_endpoint: str | None
    keys: Mapping[str, Key]


class Unfit(Exception):
    """The response is not from the issuer in the settings."""


class Issuer:
    """One issuer; refreshed when the cached data is old or a key is unknown, at most once per cool-down."""

    def __init__(
        self,
        name: str,
        client: httpx.AsyncClient,
        *,
        address: str = "",
        development: bool = False,
        tick: Callable[[], float] = time.monotonic,
    ) -> None:
        self.name, self.client, self._development, self._tick = name, client, development, tick
        self._address = (address or name).rstrip("/")
        self._known: Known | None = None
        self._next = self._stale = tick()
        self._one_at_a_time = asyncio.Lock()

    async def known(self) -> Known:
        """The cached data; raises Unavailable while the issuer was never reached."""
        now = self._tick()
        if self._known is None or (now >= self._stale and now >= self._next):
            await self._ask()
        if self._known is None:
            raise Unavailable("the issuer of tokens has not answered yet")
        return self._known

    async def key(self, kid: str | None) -> Key | None:
        """The key with this id; an unknown id triggers a refresh, at most once per cool-down."""
        known = await self.known()
        if kid is None:
            return next(iter(known.keys.values())) if len(known.keys) == 1 else None
        if kid not in known.keys and self._tick() >= self._next:
            await self._ask()
            known = self._known or known
        return known.keys.get(kid)

    async def _ask(self) -> None:
        async with self._one_at_a_time:
            now = self._tick()
            if now < self._next:
                return
            self._next = now + (COOL_DOWN if self._known else FIRST_COOL_DOWN)
            try:
                self._known = await self._read()
                self._stale, self._next = now + FRESH_SECONDS, now + COOL_DOWN
            except (httpx.HTTPError, httpx.InvalidURL, ValueError, Unfit) as error:
                log(
                    "issuer did not answer",
                    level=30,
                    issuer=self.name,
                    reason=f"{type(error).__name__}: {error}",
                )

    async def _read(self) -> Known:
        document = await self._get(f"{self._address}{DOCUMENT}")
        if document.get("issuer") != self.name:
            raise Unfit(f"it calls itself {document.get('issuer')!r}")
        if document.get("ascolto_development") and not self._development:
            raise Unfit("it is the development issuer, and the stage is production")
        try:
            endpoints = str(document["authorization_endpoint"]), str(document["token_endpoint"])
            keys = _keys(await self._get(str(document["jwks_uri"])))
        except KeyError as missing:
            raise Unfit(f"its document lacks {missing}") from None
        return Known(*endpoints, document.get("end_session_endpoint"), keys)

    async def _get(self, url: str) -> dict[str, Any]:
        response = (await self.client.get(url)).raise_for_status()
        try:
            body = response.json()
        except ValueError:
            body = None
        if not isinstance(body, dict):
            raise Unfit(f"{url} is not a JSON object")
        return body


def _keys(document: Mapping[str, Any]) -> dict[str, Key]:
    """The signing keys with a supported type, by id; other keys are ignored."""
    rows, found = document.get("keys"), dict[str, Key]()
    for row in rows if isinstance(rows, list) else ():
        if not isinstance(row, dict) or row.get("use", "sig") != "sig" or row.get("kty") not in ("EC", "RSA"):
            continue
        try:
            key = import_key(row)
        except (JoseError, ValueError, TypeError, KeyError):
            continue
        if isinstance(key, Key):
            found[key.kid or key.thumbprint()] = key
    if not found:
        raise Unfit("it publishes no usable key")
    return found


def issuer_of(settings: ServiceSettings) -> Issuer:
    """The issuer in the settings, with its own client."""
    client = http_client(timeout=TIMEOUT_SECONDS)
    return Issuer(
        settings.issuer,
        client,
        address=settings.discovery,
        development=settings.stage == "development",
    )
