"""Contacts, asked for from intake over HTTP at the moment of sending."""

from typing import Any

import httpx

from chassis.asking import asking
from chassis.errors import Unavailable
from notify.handlers.ports import Contact

TIMEOUT_SECONDS = 5.0
CONNECTIONS = 8


def intake_client(intake_url: str, token: httpx.Auth) -> httpx.AsyncClient:
    """A client that keeps its connections to intake and shows our token there."""
    limits = httpx.Limits(max_connections=CONNECTIONS, max_keepalive_connections=CONNECTIONS)
    return asking(limits, auth=token, base_url=intake_url, timeout=TIMEOUT_SECONDS)


class HttpContacts:
    """Who is to be told, as intake knows it now; nothing is kept."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client

    async def of(self, report_id: str) -> Contact | None:
        """The contact, or None when intake says `no-contact`; any other answer, and none, is Unavailable."""
        try:
            response = await self._client.get(f"/internal/contacts/{report_id}")
        except httpx.HTTPError as error:
            raise Unavailable(f"intake does not answer ({type(error).__name__})") from None
        body = _object(response)
        if response.status_code == 200 and body is not None:
            return _contact(body)
        # A 404 from a wrong address must not silence everybody: only intake's own word counts.
        if response.status_code == 404 and body is not None and str(body.get("type")).endswith(":no-contact"):
            return None
        raise Unavailable(f"intake answered {response.status_code} to a question for a contact")

    async def close(self) -> None:
        """Close the connections to intake."""
        await self._client.aclose()


def _object(response: httpx.Response) -> dict[str, Any] | None:
    try:
        body = response.json()
    except ValueError:
        return None
    return body if isinstance(body, dict) else None


def _contact(body: dict[str, Any]) -> Contact | None:
    email = body.get("email")
    if not email:
        return None
    name = body.get("name")
    return Contact(str(email), str(name) if name else None, str(body.get("language") or "it"))
