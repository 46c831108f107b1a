"""Bearer tokens: who somebody is, by a token that the issuer signed (RFC 9068)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from joserfc import jws, jwt
from joserfc.errors import ExpiredTokenError, JoseError

from chassis.clock import Clock
from chassis.errors import Refused
from chassis.http.issuer import Issuer

# Fixed here, never taken from a token or from what the issuer publishes: no `none`, nothing symmetric.
ALGORITHMS = ("ES256", "RS256")
ACCESS_TYPES = ("at+jwt", "application/at+jwt")
LEEWAY_SECONDS = 30


@dataclass(frozen=True)
class Principal:
    """Who is at the door: an id that the issuer gave, and roles."""

    subject: str
    roles: frozenset[str]


class Tokens(Protocol):
    """Knows who shows a token."""

    async def read(self, token: str) -> Principal:
        """Who shows it; raises Refused (401), or Unavailable while no key of the issuer is known."""

    async def close(self) -> None:
        """End what is open."""


class OidcTokens:
    """Access tokens of an OpenID provider."""

    def __init__(self, issuer: Issuer, audience: str, clock: Clock) -> None:
        self.issuer, self._audience, self._clock = issuer, audience, clock

    async def read(self, token: str) -> Principal:
        """Check signature, type, issuer, audience and times; raises Refused or Unavailable."""
        header, claims = await verified(self.issuer, token, self._audience, self._clock)
        if str(header.get("typ", "")).lower() not in ACCESS_TYPES:
            raise invalid_token("This is no access token (typ at+jwt).")
        return Principal(claims["sub"], roles_in(claims))

    async def close(self) -> None:
        """End the connections to the issuer."""
        await self.issuer.client.aclose()


async def verified(
    issuer: Issuer, token: str, audience: str, clock: Clock
) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """Header and claims of a token of this issuer for this audience; raises Refused (401) or Unavailable."""
    try:
        kid = jws.extract_compact(token.encode()).headers().get("kid")
    except _UNREADABLE as error:
        raise _unfit(error) from None
    key = await issuer.key(kid if isinstance(kid, str) else None)
    if key is None:
        raise invalid_token("It is signed with a key that the issuer does not publish.")
    try:
        read = jwt.decode(token, key, algorithms=ALGORITHMS)
        _registry(issuer.name, audience, clock).validate(read.claims)
    except ExpiredTokenError:
        raise invalid_token("The token has expired.") from None
    except _UNREADABLE as error:
        raise _unfit(error) from None
    return read.header, read.claims


# What the library raises on bytes that are no token: its own errors, and Python's for what it did not foresee.
_UNREADABLE = (JoseError, ValueError, TypeError, KeyError, AttributeError, RecursionError)


def _unfit(error: Exception) -> Refused:
    reason = error.error if isinstance(error, JoseError) else "unreadable"
    return invalid_token(f"The token is not one for here ({reason}).")


def _registry(issuer: str, audience: str, clock: Clock) -> jwt.JWTClaimsRegistry:
    return jwt.JWTClaimsRegistry(
        now=int(clock().timestamp()),
        leeway=LEEWAY_SECONDS,
        iss={"essential": True, "value": issuer},
        aud={"essential": True, "value": audience},
        sub={"essential": True},
        exp={"essential": True},
        iat={"essential": True},
    )


def roles_in(claims: Mapping[str, Any]) -> frozenset[str]:
    """The claim `roles`, a list of words or one word."""
    said: Any = claims.get("roles", ())
    words: Sequence[Any] = [said] if isinstance(said, str) else said if isinstance(said, list) else ()
    return frozenset(word for word in words if isinstance(word, str))


def invalid_token(detail: str) -> Refused:
    """The refusal of a token, as RFC 6750 wants it said."""
    return Refused(
        "invalid-token",
        detail,
        401,
        "Authorization",
        "Ask the issuer for a fresh token and send `Authorization: Bearer …`.",
        {"WWW-Authenticate": f'Bearer error="invalid_token", error_description="{detail}"'},
    )
