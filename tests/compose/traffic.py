"""Traffic at the public origin: a scenario at once, or light traffic in the background; all requests go to one log."""

import asyncio
import random
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime

import httpx
from tests.compose.commands import StepError
from tests.compose.deployment import Deployment

from stack.dev_tokens import DevTokens
from stack.play import AT_ONCE, Log, Player, PublicApis
from stack.scenario import generate
from stack.scenario_world import Report, Scenario

PER_SECOND = 6.0
RETRY_SECONDS = 120.0
UNAVAILABLE = 503
# Longer than the gateway's timeout, so that its answer is not missed.
ANSWER_SECONDS = 45.0


@dataclass
class AnswerCounts:
    """Counts all answers, retries included, and records the failures."""

    answers: Counter[int] = field(default_factory=Counter)
    failed: list[str] = field(default_factory=list)

    def note(self, asked: str, status: int, retry_after: str | None) -> None:
        """Counts one answer; status 0 is none, and 503 with Retry-After is no failure."""
        self.answers[status] += 1
        if status == 0 or (status >= 500 and not (status == UNAVAILABLE and retry_after)):
            self.failed.append(f"{asked} was {f'answered {status}' if status else 'not answered'}")

    def require_no_failures(self, during: str) -> None:
        """Raises StepError with some of the failures."""
        if self.failed:
            raise StepError(f"{during} {len(self.failed)} requests failed: {'; '.join(self.failed[:5])}")

    def __str__(self) -> str:
        """In one line."""
        return ", ".join(f"{status or 'none'}: {count}" for status, count in sorted(self.answers.items()))


class CountingTransport(httpx.AsyncBaseTransport):
    """An HTTP transport that counts the answers."""

    def __init__(self, counts: AnswerCounts) -> None:
        limits = httpx.Limits(max_connections=AT_ONCE, max_keepalive_connections=AT_ONCE)
        self.counts, self._transport = counts, httpx.AsyncHTTPTransport(limits=limits)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """One request, once."""
        asked = f"{request.method} {request.url.path}"
        try:
            answer = await self._transport.handle_async_request(request)
        except httpx.TransportError:
            self.counts.note(asked, 0, None)
            raise
        self.counts.note(asked, answer.status_code, answer.headers.get("Retry-After"))
        return answer

    async def aclose(self) -> None:
        """Ends the connections."""
        await self._transport.aclose()


@dataclass
class Clients:
    """Tenants and staff of one deployment."""

    deployment: Deployment
    log: Log
    seeds: random.Random

    def run_scenario(self, size: int) -> AnswerCounts:
        """Runs a whole scenario."""
        counts = AnswerCounts()
        asyncio.run(self._run(size, counts))
        return counts

    @contextmanager
    def writing(self, log: Log) -> Iterator[None]:
        """Uses another log within its block."""
        before, self.log = self.log, log
        try:
            yield
        finally:
            self.log = before

    @contextmanager
    def background_traffic(
        self, per_second: float = PER_SECOND, *, staff: bool = True
    ) -> Iterator[AnswerCounts]:
        """Sends reports in the background while its block runs, and waits for the pending ones."""
        counts, stop, broken = AnswerCounts(), threading.Event(), list[BaseException]()

        def send() -> None:
            try:
                asyncio.run(self._send(per_second, staff, counts, stop))
            except BaseException as error:  # noqa: BLE001 - it is raised where the traffic was asked for
                broken.append(error)

        thread = threading.Thread(target=send, name="background-traffic")
        thread.start()
        try:
            yield counts
        finally:
            stop.set()
            thread.join()
        if broken:
            raise StepError(f"the traffic failed: {broken[0]!r}") from broken[0]

    async def _run(self, size: int, counts: AnswerCounts) -> None:
        async with self._client(counts) as client:
            scenario = await self._new_scenario(client, size)
            await self._player(client).play(scenario)

    async def _send(
        self, per_second: float, staff: bool, counts: AnswerCounts, stop: threading.Event
    ) -> None:
        async with self._client(counts) as client, asyncio.TaskGroup() as group:
            player = self._player(client)
            while not stop.is_set():
                scenario = await self._new_scenario(client, 600)
                ids: dict[int, str] = {}
                for report in scenario.reports:
                    if stop.is_set():
                        return
                    if staff or report.data is None:
                        group.create_task(self._one(player, report, scenario, ids, staff))
                        await asyncio.sleep(1 / per_second)

    async def _one(
        self, player: Player, report: Report, scenario: Scenario, ids: dict[int, str], staff: bool
    ) -> None:
        await player.submit(report, scenario, ids)
        if staff and report.number in ids and (report.data or report.number in scenario.resolved):
            await player.work_on(report, ids[report.number])

    def _client(self, counts: AnswerCounts) -> httpx.AsyncClient:
        return httpx.AsyncClient(transport=CountingTransport(counts), timeout=ANSWER_SECONDS)

    def _player(self, client: httpx.AsyncClient) -> Player:
        url, clients = self.deployment.url, self.deployment.secrets / "issuer_clients"
        apis = PublicApis(url, url, url, DevTokens.read(self.deployment.issuer, clients))
        return Player(client, apis, self.log, lambda _stage: None, RETRY_SECONDS)

    async def _new_scenario(self, client: httpx.AsyncClient, size: int) -> Scenario:
        registers = [await self._register(client, name) for name in ("categories", "places")]
        return generate(self.seeds.randrange(10**6), registers[0], registers[1], datetime.now(UTC), size)

    async def _register(self, client: httpx.AsyncClient, name: str) -> list[dict[str, object]]:
        while True:
            try:
                answer = await client.get(f"{self.deployment.url}/v1/{name}")
            except httpx.TransportError:
                await asyncio.sleep(0.2)
                continue
            if answer.status_code == UNAVAILABLE:
                await asyncio.sleep(0.2)
                continue
            found: list[dict[str, object]] = answer.raise_for_status().json()[name]
            return found
