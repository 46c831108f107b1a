"""Access tokens of the development issuer, one per role, renewed before they expire."""

import json
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

EARLY_SECONDS = 30.0
Post = Callable[[str, Mapping[str, str]], Awaitable[Mapping[str, Any]]]


@dataclass
class DevTokens:
    """The access tokens of all roles; `secrets` holds the client secret of each role."""

    issuer: str
    secrets: Mapping[str, str]
    _cache: dict[str, tuple[float, str]] = field(default_factory=dict)

    @classmethod
    def read(cls, issuer: str, clients: Path) -> Self:
        """Reads the client secrets from the issuer's file of clients."""
        known = json.loads(clients.read_text())
        return cls(issuer, {name.removeprefix("ascolto-"): one["secret"] for name, one in known.items()})

    async def header(self, role: str, post: Post) -> dict[str, str]:
        """The Authorization header of a role; `post` sends a form and returns the JSON object of the answer."""
        until, token = self._cache.get(role, (0.0, ""))
        if time.monotonic() >= until:
            requested_at = time.monotonic()
            form = {"grant_type": "client_credentials", "client_id": f"ascolto-{role}"}
            answer = await post(f"{self.issuer}/token", form | {"client_secret": self.secrets[role]})
            token = str(answer.get("access_token", ""))
            self._cache[role] = (requested_at + float(answer.get("expires_in", 0)) - EARLY_SECONDS, token)
        return {"Authorization": f"Bearer {token}"}
