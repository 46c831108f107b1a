"""kill -9 at every named point of every service, of several at once: nothing is lost, nothing is doubled, and the account says so."""

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
DAYS_AT_ONCE = 4  # begun without end, they drown a slow machine
DEADLINE = 60.0
TURN = ("turn.inbox", "turn.state", "turn.open")
RELAY = ("relay.swept", "relay.sent", "relay.cleared")
DELIVERY = ("delivery.fetched", "delivery.committed", "delivery.offsets")
POINTS = {
    "intake": ("command.accepted", *TURN, "command.committed", *RELAY, *DELIVERY),
    "routing": (*TURN, *RELAY, *DELIVERY),
    "subsidies": (*TURN, *RELAY, *DELIVERY, "command.committed"),
    "notify": (*TURN, *RELAY, *DELIVERY, "job.started", "job.done"),
}


@pytest.fixture(scope="module")
def system(own_engines: System) -> System:
    own_engines.start()
    return own_engines


class Campaign:
    """Days that are played while services die, and one account of all of them."""

    def __init__(self, system: System, folder: Path) -> None:
        self.system, self.folder = system, folder
        self.began = utc_now()
        self.days: list[asyncio.Task[None]] = []

    async def play(self, seed: int) -> None:
        """Play a small day through the public doors."""
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
        """Arm one point of a service after the other, and see its process die there."""
        for point in POINTS[service]:
            self.system.launch_service(service, extra_env={f"{service.upper()}_CRASH_AT": f"{point}:2"})
            began = time.monotonic()
            while self.system.service(service).alive():
                assert time.monotonic() - began < DEADLINE, f"{service} never passed {point}"
                await asyncio.sleep(0.05)
        self.system.launch_service(service)  # the others still need it

    async def keep_playing(self, first_seed: int) -> None:
        """Play small days, a few beside each other, until cancelled."""
        for seed in itertools.count(first_seed):
            while sum(not day.done() for day in self.days) >= DAYS_AT_ONCE:
                await asyncio.sleep(0.1)
            self.days.append(asyncio.create_task(self.play(seed)))
            await asyncio.sleep(3.0)

    async def account(self) -> Account:
        """Wait until nothing is unfinished, and draw the account."""
        await asyncio.gather(*self.days)
        asked = [one for path in sorted(self.folder.glob("*.jsonl")) for one in read_log(path)]
        sources = Sources(
            self.system.mongod.admin, self.system.kafka.admin, self.system.mails, self.began.timestamp()
        )
        await asyncio.to_thread(_settle, sources, asked)
        return await asyncio.to_thread(lambda: build_account(sources.read_all(asked)))


def _settle(sources: Sources, asked: Sequence[LoggedRequest]) -> None:
    deadline = time.monotonic() + DEADLINE
    while unfinished(sources.read_stores(asked)) and time.monotonic() < deadline:
        time.sleep(0.5)


def lies(account: Account) -> list[str]:
    """What is wrong, but for the size that a whole day must have."""
    too_small = ("is the least", "messages for")
    return [
        f"{one.report_id}: {one.text}"
        for one in account.violations
        if not any(t in one.text for t in too_small)
    ]


# A process that dies between the mail server's yes and writing it down doubles a letter; no other may.
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
    wrong = [lie for lie in lies(account) if doubled_by_design not in lie]
    assert wrong == []
    assert account.accepted >= REPORTS * days
