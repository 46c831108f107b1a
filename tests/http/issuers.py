"""An OpenID issuer in memory: it answers an HTTP client, counts how often it is asked, and can be away."""

from dataclasses import dataclass, field
from typing import Any

import httpx
from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey

from chassis.http.issuer import Issuer

NAME = "https://issuer.example"
NOW = 1_795_435_200  # 23 November 2026
ADA = {"sub": "ada-esempio", "aud": "ascolto", "roles": ["operator"]}


def ec(kid: str) -> ECKey:
    return ECKey.generate_key("P-256", parameters={"kid": kid})


@dataclass
class MemoryIssuer:
    """What an issuer says; tests change it while it runs."""

    keys: list[ECKey | RSAKey] = field(default_factory=lambda: [ec("first")])
    document: dict[str, Any] = field(default_factory=dict)
    away: bool = False
    asked: list[str] = field(default_factory=list)
    now: float = 100.0
    tokens: list[httpx.Response] = field(default_factory=list)
    posted: list[httpx.Request] = field(default_factory=list)

    def answer(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request.url.path)
        if self.away:
            raise httpx.ConnectError("away")
        if request.url.path == "/token":
            self.posted.append(request)
            return self.tokens.pop(0)
        if request.url.path == "/jwks":
            return httpx.Response(200, json={"keys": [key.as_dict(private=False) for key in self.keys]})
        said = {
            "issuer": NAME,
            "authorization_endpoint": f"{NAME}/authorize",
            "token_endpoint": f"{NAME}/token",
            "jwks_uri": f"{NAME}/jwks",
        }
        return httpx.Response(200, json=said | self.document)

    def seen_by_a_service(self, development: bool = False) -> Issuer:
        client = httpx.AsyncClient(transport=httpx.MockTransport(self.answer))
        return Issuer(NAME, client, development=development, tick=lambda: self.now)

    def token(
        self,
        claims: dict[str, Any] | None = None,
        key: ECKey | RSAKey | None = None,
        header: dict[str, Any] | None = None,
    ) -> str:
        signer = key or self.keys[0]
        head = {"alg": "ES256", "typ": "at+jwt", "kid": signer.kid} | (header or {})
        body = {"iss": NAME, "iat": NOW, "exp": NOW + 300} | ADA | (claims or {})
        present = {name: value for name, value in body.items() if value is not None}
        return jwt.encode(
            {name: value for name, value in head.items() if value is not None},
            present,
            signer,
            algorithms=[head["alg"]],
        )
