"""Contacts, asked for from intake over HTTP at the moment of sending."""

import asyncio
from dataclasses import dataclass
from typing import Any

import httpx

from chassis.clients import http_client
from chassis.errors import Unavailable
from notify.handlers.ports import Contact

TIMEOUT_SECONDS = 5.0
CONNECTIONS = 8
# Intake takes a question about no more reports than this.
MOST = 100

Known = dict[str, Contact | None]


def intake_client(intake_url: str, token: httpx.Auth) -> httpx.AsyncClient:
    """A client that keeps its connections to intake and shows our token there."""
    limits = httpx.Limits(max_connections=CONNECTIONS, max_keepalive_connections=CONNECTIONS)
    return http_client(limits, auth=token, base_url=intake_url, timeout=TIMEOUT_SECONDS)


@dataclass(frozen=True)
class _Question:
    """What is asked for together, and its answer; it may be joined until it is asked."""

    reports: set[str]
    answer: "asyncio.Task[Known]"


class HttpContacts:
    """Who is to be told, as intake knows it now; nothing is kept.

    One question is under way at a time, and whoever comes meanwhile joins the next: alone nobody waits for others, and
    of a crowd each pays a part of one exchange.
    """

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client
        self._turn = asyncio.Lock()
        self._next: _Question | None = None

    async def of(self, report_id: str) -> Contact | None:
        """The contact, or None when intake says there is none; any other answer, and none, is Unavailable."""
        known = await asyncio.shield(self._join(report_id))
        if report_id not in known:
            raise Unavailable("intake does not know the report")
        return known[report_id]

    def _join(self, report_id: str) -> "asyncio.Task[Known]":
        if self._next is None or len(self._next.reports) == MOST:
            reports = set[str]()
            self._next = _Question(reports, asyncio.create_task(self._ask(reports)))
        self._next.reports.add(report_id)
        return self._next.answer

    async def _ask(self, reports: set[str]) -> Known:
        async with self._turn:
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
    """What intake said; an answer that is not its own word, from a wrong address, must not silence everybody."""
    try:
        contacts: Any = response.json()["contacts"] if response.status_code == 200 else None
        return {one: _contact(found) for one, found in contacts.items()}
    except (ValueError, LookupError, TypeError, AttributeError):
        raise Unavailable(f"intake answered {response.status_code} to a question for contacts") from None


def _contact(found: dict[str, Any] | None) -> Contact | None:
    if found is None or not found["email"]:
        return None
    name = found["name"]
    return Contact(str(found["email"]), str(name) if name else None, str(found["language"] or "it"))
