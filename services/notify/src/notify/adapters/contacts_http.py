"""Contacts, read from intake over HTTP for each sending."""

import asyncio
from dataclasses import dataclass
from typing import Any

import httpx

from chassis.clients import http_client
from chassis.errors import Unavailable
from notify.domain.letters import Contact

TIMEOUT_SECONDS = 5.0
CONNECTIONS = 8
# After a request for more reports than these, a queue is being sent, and the next one waits for others to join it.
MANY, GATHER_SECONDS = 4, 0.02
# The maximum of intake's endpoint.
REPORTS_PER_REQUEST = 100

Known = dict[str, Contact | None]


def intake_client(intake_url: str, token: httpx.Auth) -> httpx.AsyncClient:
    """A client with pooled connections to intake that authenticates with our token."""
    limits = httpx.Limits(max_connections=CONNECTIONS, max_keepalive_connections=CONNECTIONS)
    return http_client(limits, auth=token, base_url=intake_url, timeout=TIMEOUT_SECONDS)


@dataclass(frozen=True)
class _Request:
    """A batch of report ids and its response; ids can be added until the request is sent."""

    reports: set[str]
    response: "asyncio.Task[Known]"


class HttpContacts:
    """The contacts that intake has now; nothing is cached.

    One request is in flight at a time, and calls that arrive meanwhile share the next one. A single call does not wait for a
    batch to fill; while a queue is sent, requests gather a little longer.
    """

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client
        self._in_flight = asyncio.Lock()
        self._next: _Request | None = None
        self._is_queue = False
        self.gather_seconds = GATHER_SECONDS

    async def of(self, report_id: str) -> Contact | None:
        """The contact, or None when intake answers that there is none; raises Unavailable for any other answer and for none."""
        known = await asyncio.shield(self._join(report_id))
        if report_id not in known:
            raise Unavailable("intake does not know the report")
        return known[report_id]

    def _join(self, report_id: str) -> "asyncio.Task[Known]":
        if self._next is None or len(self._next.reports) == REPORTS_PER_REQUEST:
            reports = set[str]()
            self._next = _Request(reports, asyncio.create_task(self._fetch(reports)))
        self._next.reports.add(report_id)
        return self._next.response

    async def _fetch(self, reports: set[str]) -> Known:
        async with self._in_flight:
            if self._is_queue and len(reports) < REPORTS_PER_REQUEST:
                await asyncio.sleep(self.gather_seconds)
            self._is_queue = len(reports) > MANY
            if self._next is not None and self._next.reports is reports:
                self._next = None
            try:
                response = await self._client.get("/internal/contacts", params={"report_id": sorted(reports)})
            except httpx.HTTPError as error:
                raise Unavailable(f"intake does not answer ({type(error).__name__})") from None
        return _known(response)

    async def close(self) -> None:
        """Close the connections to intake."""
        await self._client.aclose()


def _known(response: httpx.Response) -> Known:
    """The contacts in a response; anything else, such as a page from a wrong address, must not suppress messages."""
    try:
        contacts: Any = response.json()["contacts"] if response.status_code == 200 else None
        return {one: _contact(found) for one, found in contacts.items()}
    except (ValueError, LookupError, TypeError, AttributeError):
        raise Unavailable(f"intake answered {response.status_code} to a request for contacts") from None


def _contact(found: dict[str, Any] | None) -> Contact | None:
    if found is None or not found["email"]:
        return None
    return Contact(
        str(found["email"]),
        _text(found["name"]),
        str(found["language"] or "it"),
        # An intake of the previous version does not name the report.
        _text(found.get("tracking_code")),
        _text(found.get("category")),
        _text(found.get("place")),
    )


def _text(value: object) -> str | None:
    return str(value) if value else None
