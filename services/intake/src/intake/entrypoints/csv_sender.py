"""An import's way through the door: many reports in flight, the same ones again while intake rests."""

import asyncio
import random
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import cycle
from typing import Any

import httpx

IN_FLIGHT = 64
LONGEST_WAIT = 5.0
_TRY_AGAIN = frozenset({429, 502, 503, 504})
_OUTCOMES = {201: "accepted", 200: "known"}


class Away(Exception):
    """Intake has not answered for as long as we wait."""


@dataclass(frozen=True)
class Sent:
    """What became of a report: accepted, known, or rejected with a reason."""

    outcome: str
    reason: str = ""


class Sender:
    """Sends reports over kept-alive connections; gives up when nothing was answered for `patience` seconds."""

    def __init__(self, clients: Sequence[httpx.AsyncClient], patience: float) -> None:
        self._clients = cycle(clients)
        self._patience = patience
        self._room = asyncio.Semaphore(IN_FLIGHT)
        self._answered = time.monotonic()
        self._gone = False

    async def codes(self, register: str, name: str) -> frozenset[str] | None:
        """The codes in one of intake's registers, or None when it is not intake that answers; raises Away."""
        answer = await self._until_answered("GET", f"/v1/{register}", None)
        try:
            return frozenset(str(entry[name]) for entry in answer.json()[register])
        except (ValueError, KeyError, TypeError):
            return None

    async def has(self, report_id: str) -> bool:
        """Tells whether there is a report with this id, and makes none; raises Away.

        A report without a text is never taken in: it is refused for that, or, where the id is used, for the id.
        """
        body = {
            "report_id": report_id,
            "category": "",
            "place_id": "",
            "description": "",
            "channel": "import",
        }
        answer = await self._until_answered("POST", "/v1/reports", body)
        return _slug(answer) == "id-reused"

    async def send(self, body: Mapping[str, Any]) -> Sent:
        """Send one report until it is answered, or reject it when intake is away."""
        async with self._room:
            try:
                answer = await self._until_answered("POST", "/v1/reports", body)
            except Away as away:
                return Sent("rejected", not_sent(away))
        outcome = _OUTCOMES.get(answer.status_code)
        return Sent(outcome) if outcome else Sent("rejected", _reason(answer))

    async def _until_answered(self, method: str, path: str, body: Mapping[str, Any] | None) -> httpx.Response:
        client, wait = next(self._clients), 0.1
        while True:
            if self._gone or time.monotonic() - self._answered > self._patience:
                self._gone = True
                raise Away(f"intake did not answer for {self._patience:g} seconds")
            asked = 0.0
            try:
                answer = await client.request(method, path, json=body)
                if answer.status_code not in _TRY_AGAIN:
                    self._answered = time.monotonic()
                    return answer
                asked = _retry_after(answer)
            except httpx.TransportError:
                pass  # down, restarting or slow: the same report again is the same report
            await asyncio.sleep(max(asked, wait) * random.uniform(0.5, 1))
            wait = min(LONGEST_WAIT, wait * 2)


def not_sent(away: Away) -> str:
    """What is said about a report that nobody took."""
    return f"not sent: {away}; import the file again when it does"


def _retry_after(answer: httpx.Response) -> float:
    said = answer.headers.get("Retry-After", "")
    return min(LONGEST_WAIT, float(said)) if said.isascii() and said.isdigit() else 0.0


def _problem(answer: httpx.Response) -> Mapping[str, Any]:
    try:
        problem = answer.json()
    except ValueError:
        problem = None
    return problem if isinstance(problem, dict) else {}


def _slug(answer: httpx.Response) -> str:
    return str(_problem(answer).get("type", "")).removeprefix("urn:ascolto:problem:")


def _reason(answer: httpx.Response) -> str:
    """What intake said was wrong, in one line."""
    problem = _problem(answer)
    parts = [str(problem[name]) for name in ("field", "detail", "fix") if problem.get(name)]
    return " ".join(": ".join(parts).split()) or f"HTTP {answer.status_code}"
