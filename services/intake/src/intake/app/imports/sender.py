"""Sends reports to intake: many in one request, or many requests at once, retried while intake is unavailable."""

import asyncio
import json
import random
import ssl
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import cycle
from typing import Any

import httpx

from chassis.tracing import current_traceparent

IN_FLIGHT = 64
_POOLS = 8
LONGEST_WAIT = 5.0
# Rows in one request: intake answers others between two of them.
TOGETHER, MOST_BYTES = 50, 512 * 1024
_TRY_AGAIN = frozenset({429, 502, 503, 504})
_OUTCOMES = {201: "accepted", 200: "known"}


class Unreachable(Exception):
    """Intake has not answered within the sender's patience."""


@dataclass(frozen=True)
class Sent:
    """The outcome of a report: accepted, known, or rejected with a reason."""

    outcome: str
    reason: str = ""


def clients(url: httpx.URL) -> Sequence[httpx.AsyncClient]:
    """HTTP clients for a sender: several small pools, because httpx searches a whole pool for each request."""
    verify, each = ssl.create_default_context(), IN_FLIGHT // _POOLS
    limits = httpx.Limits(max_connections=each, max_keepalive_connections=each)
    return [
        httpx.AsyncClient(base_url=url, limits=limits, timeout=15, trust_env=False, verify=verify)
        for _ in range(_POOLS)
    ]


class Sender:
    """Sends reports over persistent connections; gives up after `patience` seconds without any response."""

    def __init__(self, clients: Sequence[httpx.AsyncClient], patience: float) -> None:
        self.url = clients[0].base_url
        self._clients = cycle(clients)
        self._patience = patience
        self._slots = asyncio.Semaphore(IN_FLIGHT)
        self._answered = time.monotonic()
        self._gave_up = False
        self._takes_many = True

    async def codes(self, register: str, name: str) -> frozenset[str] | None:
        """The codes of a register, or None when the server is not intake; raises Unreachable."""
        answer = await self._request("GET", f"/v1/{register}", None)
        try:
            return frozenset(str(entry[name]) for entry in answer.json()[register])
        except (ValueError, KeyError, TypeError):
            return None

    async def has(self, report_id: str) -> bool:
        """Whether a report with this id is registered; registers none, raises Unreachable.

        Sends a report without a description: it is refused with `id-reused` when the id is registered.
        """
        body = {
            "report_id": report_id,
            "category": "",
            "place_id": "",
            "description": "",
            "channel": "import",
        }
        answer = await self._request("POST", "/v1/reports", body)
        return _slug(answer) == "id-reused"

    async def send(self, body: Mapping[str, Any]) -> Sent:
        """Send one report, with retries; it is rejected when intake is unreachable."""
        async with self._slots:
            try:
                answer = await self._request("POST", "/v1/reports", body)
            except Unreachable as error:
                return Sent("rejected", not_sent(error))
        outcome = _OUTCOMES.get(answer.status_code)
        return Sent(outcome) if outcome else Sent("rejected", _reason(answer))

    async def send_all(
        self, bodies: Sequence[Mapping[str, Any]], proof: Callable[[bytes], str]
    ) -> Sequence[Sent]:
        """Send reports together, with the proof that they are an import's; one by one where intake does not take them so."""
        if len(bodies) == 1 or not self._takes_many:
            return await asyncio.gather(*map(self.send, bodies))
        return [one for piece in _pieces(bodies) for one in await self._send_piece(piece, proof)]

    async def _send_piece(
        self, bodies: Sequence[Mapping[str, Any]], proof: Callable[[bytes], str]
    ) -> Sequence[Sent]:
        content = json.dumps({"reports": bodies}).encode()
        headers = {"Ascolto-Import": proof(content)}
        async with self._slots:
            try:
                answer = await self._request("POST", "/v1/imports", content, headers)
            except Unreachable as error:
                return [Sent("rejected", not_sent(error))] * len(bodies)
        rows = _object(answer).get("rows")
        if answer.status_code == 200 and isinstance(rows, list) and len(rows) == len(bodies):
            return [Sent(row["outcome"], _told(row.get("problem") or {})) for row in rows]
        # An older build, another secret, or a limit of a proxy: what is wrong with a row is answered for it alone.
        self._takes_many = answer.status_code not in (403, 404, 405)
        return await asyncio.gather(*map(self.send, bodies))

    async def _request(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | bytes | None,
        more: Mapping[str, str] | None = None,
    ) -> httpx.Response:
        client, wait = next(self._clients), 0.1
        parent = current_traceparent()
        headers = dict(more or {}) | ({"traceparent": parent} if parent else {})
        content = json.dumps(body).encode() if isinstance(body, Mapping) else body
        headers |= {} if content is None else {"Content-Type": "application/json"}
        while True:
            if self._gave_up or time.monotonic() - self._answered > self._patience:
                self._gave_up = True
                raise Unreachable(f"intake did not answer for {self._patience:g} seconds")
            requested = 0.0
            try:
                answer = await client.request(method, path, content=content, headers=headers)
                if answer.status_code not in _TRY_AGAIN:
                    self._answered = time.monotonic()
                    return answer
                requested = _retry_after(answer)
            except httpx.TransportError:
                pass  # a retry is safe: the report has its id
            await asyncio.sleep(max(requested, wait) * random.uniform(0.5, 1))
            wait = min(LONGEST_WAIT, wait * 2)


def not_sent(error: Unreachable) -> str:
    """The reason of a row that was not sent."""
    return f"not sent: {error}; import the file again when it does"


def _retry_after(answer: httpx.Response) -> float:
    value = answer.headers.get("Retry-After", "")
    return min(LONGEST_WAIT, float(value)) if value.isascii() and value.isdigit() else 0.0


def _pieces(bodies: Sequence[Mapping[str, Any]]) -> Iterator[Sequence[Mapping[str, Any]]]:
    """These bodies in their order, as many together as fit into a request."""
    piece: list[Mapping[str, Any]] = []
    size = 0
    for body in bodies:
        more = len(json.dumps(body))
        if piece and size + more > MOST_BYTES:
            yield piece
            piece, size = [], 0
        piece.append(body)
        size += more
    if piece:
        yield piece


def _object(answer: httpx.Response) -> Mapping[str, Any]:
    try:
        found = answer.json()
    except ValueError:
        found = None
    return found if isinstance(found, dict) else {}


def _slug(answer: httpx.Response) -> str:
    return str(_object(answer).get("type", "")).removeprefix("urn:ascolto:problem:")


def _reason(answer: httpx.Response) -> str:
    """The reason of a refusal, in one line."""
    return _told(_object(answer)) or f"HTTP {answer.status_code}"


def _told(problem: Mapping[str, Any]) -> str:
    parts = [str(problem[name]) for name in ("field", "detail", "fix") if problem.get(name)]
    return " ".join(": ".join(parts).split())
