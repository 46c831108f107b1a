"""Tokens for whoever plays a role: asked from the development issuer, and again before they end."""

import json
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

EARLY_SECONDS = 30.0
Ask = Callable[[str, Mapping[str, str]], Awaitable[Mapping[str, Any]]]


@dataclass
class DevTokens:
    """The badges of the roles; `secrets` by role."""

    issuer: str
    secrets: Mapping[str, str]
    _kept: dict[str, tuple[float, str]] = field(default_factory=dict)

    @classmethod
    def read(cls, issuer: str, clients: Path) -> Self:
        """Reads who may ask from the file of the issuer's clients."""
        known = json.loads(clients.read_text())
        return cls(issuer, {name.removeprefix("ascolto-"): one["secret"] for name, one in known.items()})

    async def of(self, role: str, ask: Ask) -> dict[str, str]:
        """The header that a role shows; `ask` posts a form and returns the object that came back."""
        until, token = self._kept.get(role, (0.0, ""))
        if time.monotonic() >= until:
            asked_at = time.monotonic()
            form = {"grant_type": "client_credentials", "client_id": f"ascolto-{role}"}
            said = await ask(f"{self.issuer}/token", form | {"client_secret": self.secrets[role]})
            token = str(said.get("access_token", ""))
            self._kept[role] = (asked_at + float(said.get("expires_in", 0)) - EARLY_SECONDS, token)
        return {"Authorization": f"Bearer {token}"}
