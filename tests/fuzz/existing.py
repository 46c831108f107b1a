"""What exists before requests are generated."""

import random
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx
from tests.http.services import Furnished

REPLACED_SHARE = 0.12  # share of the fields of a valid body that are taken from a generated one
Json = dict[str, Any]


async def _keep() -> None:
    """The endpoint does not use up its data."""


@dataclass
class ExistingData:
    """Existing path parameters and headers, valid bodies, and how to recreate what an endpoint uses up.

    `own` has the parameters that one path has of its own.
    """

    paths: dict[str, str] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    bodies: dict[str, Json] = field(default_factory=dict)
    recreate: dict[str, Callable[[], Awaitable[None]]] = field(default_factory=dict)
    always: dict[str, str] = field(default_factory=dict)  # headers of every request
    files: dict[str, bytes] = field(default_factory=dict)  # bodies that are no JSON
    own: dict[str, dict[str, str]] = field(default_factory=dict)

    def of(self, path: str) -> dict[str, str]:
        """The parameters of this path that exist."""
        known = self.paths | self.own.get(path, {})
        return {name: value for name, value in known.items() if f"{{{name}}}" in path}

    def has_data(self, endpoint: str) -> bool:
        """Whether there is existing data for this endpoint."""
        return endpoint in self.bodies or bool(self.of(endpoint))

    async def restore(self, endpoint: str) -> None:
        """Recreate what an earlier request to this endpoint used up."""
        await self.recreate.get(endpoint, _keep)()

    def sound(self, endpoint: str, made_up: Any, rng: random.Random) -> Any:
        """A valid body with some fields of a generated one; the generated body when there is no valid one."""
        if endpoint in self.files:
            return self.files[endpoint]
        if endpoint not in self.bodies or not isinstance(made_up, Mapping):
            return made_up
        body = self.bodies[endpoint] | {
            name: value for name, value in made_up.items() if rng.random() < REPLACED_SHARE
        }
        return {name: value for name, value in body.items() if rng.random() > REPLACED_SHARE / 4}


async def post(service: Furnished, name: str, path: str, body: Json, method: str = "POST") -> None:
    """Run a command whose answer a repetition gets, whatever other requests change meanwhile."""
    transport = httpx.ASGITransport(service.app)
    token = {"Authorization": "Bearer operator"}
    async with httpx.AsyncClient(
        transport=transport, base_url=f"http://{name}.example", headers=token
    ) as client:
        (await client.request(method, path, json=body)).raise_for_status()
