"""kill -9 at every crash point of every service, in several services at once: nothing is lost or doubled, by the audit."""

import asyncio
import itertools
import time
from collections.abc import Sequence
from pathlib import Path

import httpx
import pytest

from chassis.clock import utc_now
from stack.account import Account, build_account, unfinished
from stack.account_sources import Sources
from stack.account_world import LoggedRequest
from stack.play import Log, Player, PublicApis, read_log
from stack.scenario import generate
from stack.system import System

pytestmark = [pytest.mark.engines, pytest.mark.timeout(600)]

REPORTS = 10
CONCURRENT_DAYS = 4  # without a limit they overload a slow machine
DEADLINE = 150.0
UNIT_OF_WORK = ("turn.inbox", "turn.state", "turn.open")
RELAY = ("relay.swept", "relay.sent", "relay.marked")
DELIVERY = ("delivery.fetched", "delivery.committed", "delivery.offsets")
POINTS = {
    "intake": ("command.accepted", *UNIT_OF_WORK, "command.committed", *RELAY, *DELIVERY),
    "routing": (*UNIT_OF_WORK, *RELAY, *DELIVERY),
    "subsidies": (*UNIT_OF_WORK, *RELAY, *DELIVERY, "command.committed"),
    "notify": (*UNIT_OF_WORK, *RELAY, *DELIVERY, "job.started", "job.done"),
}


@pytest.fixture(scope="module")
def system(own_engines: System) -> System:
    own_engines.start()
    return own_engines


class Campaign:
    """Scenarios that run while services are killed, and one account of all of them."""

    def __init__(self, system: System, folder: Path) -> None:
        self.system, self.folder = system, folder
        self.began = utc_now()
        self.days: list[asyncio.Task[None]] = []

    async def play(self, seed: int) -> None:
        """Run a small scenario through the public APIs."""
        url = self.system.url
        async with httpx.AsyncClient(timeout=15) as client:
            places = [await self._ask(client, name) for name in ("categories", "places")]
            day = generate(seed, places[0], places[1], utc_now(), REPORTS)
            log = Log(self.folder / f"{seed}.jsonl")
            apis = PublicApis(url("intake"), url("routing"), url("subsidies"), self.system.dev_tokens())
            try:
                await Player(client, apis, log, lambda _: None, retry_seconds=180).play(day)
            finally:
                log.close()

    async def _ask(self, client: httpx.AsyncClient, name: str) -> list[dict[str, object]]:
        deadline = time.monotonic() + DEADLINE
        while True:
            try:
                rows: list[dict[str, object]] = (
                    await client.get(f"{self.system.url('intake')}/v1/{name}")
                ).json()[name]
            except (httpx.TransportError, KeyError, ValueError):
                assert time.monotonic() < deadline, "intake never answered"
                await asyncio.sleep(0.1)
            else:
                return rows

    async def crash(self, service: str) -> None:
        """Arm the crash points of a service one after the other, and wait until its process dies at each."""
        for point in POINTS[service]:
            self.system.launch_service(service, extra_env={f"{service.upper()}_CRASH_AT": f"{point}:2"})
            began = time.monotonic()
            while self.system.service(service).alive():
                assert time.monotonic() - began < DEADLINE, f"{service} did not pass {point} in time"
                await asyncio.sleep(0.05)
        self.system.launch_service(service)  # the other services still need it

    async def keep_playing(self, first_seed: int) -> None:
        """Run small scenarios, some of them concurrently, until cancelled."""
        for seed in itertools.count(first_seed):
            while sum(not day.done() for day in self.days) >= CONCURRENT_DAYS:
                await asyncio.sleep(0.1)
            self.days.append(asyncio.create_task(self.play(seed)))
            await asyncio.sleep(3.0)

    async def account(self) -> Account:
        """Wait until nothing is unfinished, then draw the account."""
        await asyncio.gather(*self.days)
        requests = [one for path in sorted(self.folder.glob("*.jsonl")) for one in read_log(path)]
        sources = Sources(
            self.system.mongod.admin, self.system.kafka.admin, self.system.mails, self.began.timestamp()
        )
        await asyncio.to_thread(_settle, sources, requests)
        return await asyncio.to_thread(lambda: build_account(sources.read_all(requests)))


def _settle(sources: Sources, requests: Sequence[LoggedRequest]) -> None:
    deadline = time.monotonic() + DEADLINE
    while unfinished(sources.read_stores(requests)) and time.monotonic() < deadline:
        time.sleep(0.5)


def violations(account: Account) -> list[str]:
    """The violations, except that the scenario is smaller than a whole day."""
    too_small = ("is the least", "messages for")
    return [
        f"{one.report_id}: {one.text}"
        for one in account.violations
        if not any(t in one.text for t in too_small)
    ]


# A process that dies between the mail server's acknowledgement and recording it doubles a letter; no other may.
@pytest.mark.parametrize("services", [("intake", "routing", "subsidies"), ("notify",)], ids="+".join)
async def test_nothing_is_lost_or_doubled_wherever_processes_are_killed(
    system: System, tmp_path: Path, services: tuple[str, ...]
) -> None:
    campaign = Campaign(system, tmp_path)
    for service in services:
        await asyncio.to_thread(system.stop_service, service)

    playing = asyncio.create_task(campaign.keep_playing(1_000 * len(services)))
    await asyncio.gather(*map(campaign.crash, services))
    days = max(len(POINTS[service]) for service in services)
    while len(campaign.days) < days:
        await asyncio.sleep(0.1)
    playing.cancel()
    for service in services:
        await asyncio.to_thread(system.wait_service, service)
    account = await campaign.account()

    doubled_by_design = "doubled mail: " if "notify" in services else "(nothing)"
    failures = [text for text in violations(account) if doubled_by_design not in text]
    assert failures == []
    assert account.accepted >= REPORTS * days
