"""Bearer tokens: access tokens signed by the issuer (RFC 9068)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from joserfc import jws, jwt
from joserfc.errors import ExpiredTokenError, JoseError

from chassis.clock import Clock
from chassis.errors import Refused
from chassis.http.issuer import Issuer

# Fixed, never taken from a token or from the issuer's metadata: no `none`, nothing symmetric.
ALGORITHMS = ("ES256", "RS256")
ACCESS_TYPES = ("at+jwt", "application/at+jwt")
LEEWAY_SECONDS = 30


@dataclass(frozen=True)
class Principal:
    """Who sends a request: the issuer's id, and roles."""

    subject: str
    roles: frozenset[str]


class Tokens(Protocol):
    """Verifies bearer tokens."""

    async def read(self, token: str) -> Principal:
        """The owner of a token; raises Refused (401), or Unavailable while no key of the issuer is known."""

    async def close(self) -> None:
        """Close open connections."""


class OidcTokens:
    """Access tokens of an OpenID provider."""

    def __init__(self, issuer: Issuer, audience: str, clock: Clock) -> None:
        self.issuer, self._audience, self._clock = issuer, audience, clock

    async def read(self, token: str) -> Principal:
        """Verify signature, type, issuer, audience and times; raises Refused or Unavailable."""
        header, claims = await verified(self.issuer, token, self._audience, self._clock)
        if str(header.get("typ", "")).lower() not in ACCESS_TYPES:
            raise invalid_token("This is not an access token (typ at+jwt).")
        return Principal(claims["sub"], roles_in(claims))

    async def close(self) -> None:
        """Close the connections to the issuer."""
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
        raise invalid_token("The token is signed with a key that the issuer does not publish.")
    try:
        read = jwt.decode(token, key, algorithms=ALGORITHMS)
        _registry(issuer.name, audience, clock).validate(read.claims)
    except ExpiredTokenError:
        raise invalid_token("The token has expired.") from None
    except _UNREADABLE as error:
        raise _unfit(error) from None
    return read.header, read.claims


# The library raises its own errors for malformed tokens, and Python's for unexpected ones.
_UNREADABLE = (JoseError, ValueError, TypeError, KeyError, AttributeError, RecursionError)


def _unfit(error: Exception) -> Refused:
    reason = error.error if isinstance(error, JoseError) else "unreadable"
    return invalid_token(f"The token is not valid here ({reason}).")


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
    """The claim `roles`: a list of strings, or one string."""
    claim: Any = claims.get("roles", ())
    names: Sequence[Any] = [claim] if isinstance(claim, str) else claim if isinstance(claim, list) else ()
    return frozenset(name for name in names if isinstance(name, str))


def invalid_token(detail: str) -> Refused:
    """The refusal of a token, as RFC 6750 requires it."""
    return Refused(
        "invalid-token",
        detail,
        401,
        "Authorization",
        "Get a new token from the issuer and send `Authorization: Bearer …`.",
        {"WWW-Authenticate": f'Bearer error="invalid_token", error_description="{detail}"'},
    )
