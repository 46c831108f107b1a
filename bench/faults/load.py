"""A bounded stream of reports through the public doors, as a process of its own: many small clients and a log of each."""

import argparse
import asyncio
import random
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import httpx
import uvloop

from bench.faults.light import LightClient
from bench.faults.stand import Stand
from stack.dev_tokens import DevTokens
from stack.play import Log, Player, PublicApis
from stack.ports import HOST
from stack.scenario import Report, Rows, Scenario, ScenarioWriter
from stack.scenario_applications import contribution_cases
from stack.tools import REPOSITORY, base_environment

PATIENCE = 240.0
CROWD_SECONDS = 0.5
REACHABLE = 0.1  # a letter costs as much as all the rest of a report: more of them would leave fewer reports
FORMS = 0.03
# Of a thousand reports so many are sent again, sent with another body, withdrawn, resolved, and ask for money.
AGAIN, REUSED, WITHDRAWN, RESOLVED, MONEY = 30, 10, 30, 60, 15


def generate(seed: int, categories: Rows, places: Rows, start: datetime, size: int) -> Scenario:
    """A long plain day: mostly reports that are only made, and the rest in proportion; same arguments, same day."""
    writer = ScenarioWriter(seed, categories, places, start)
    rng = writer.rng
    plain = sorted({str(row["kind"]) for row in categories} - {"contribution", "danger"})
    part = {name: max(1, size * of // 1000) for name, of in _SHARES.items()}
    money = contribution_cases(rng, part["money"], start.date())
    provinces = sorted({str(row["province"]) for row in places})
    reports = [_money(writer, number, provinces, *case) for number, case in enumerate(money)]
    reports += [_light(writer, number, rng.choice(plain)) for number in range(len(money), size)]
    numbers = list(range(len(money), size))
    rng.shuffle(numbers)
    rng.shuffle(reports)
    ends = [part["withdrawn"], part["resolved"], part["again"], part["reused"]]
    chosen = [frozenset(numbers[sum(ends[:n]) : sum(ends[: n + 1])]) for n in range(len(ends))]
    return Scenario(seed, tuple(reports), (), chosen[2], chosen[3], chosen[0], chosen[1])


_SHARES = {"again": AGAIN, "reused": REUSED, "withdrawn": WITHDRAWN, "resolved": RESOLVED, "money": MONEY}


def _money(writer: ScenarioWriter, number: int, provinces: Sequence[str], data: Any, expect: str) -> Report:
    province = provinces[number % len(provinces)]
    data["tenancy"]["province"] = province
    report = writer.report(number, "contribution", province)
    return replace(report, data=data, expect=expect, interface="json")


def _light(writer: ScenarioWriter, number: int, kind: str) -> Report:
    report = writer.report(number, kind)
    if writer.rng.random() >= REACHABLE:
        report.body.pop("contact", None)
    return report if writer.rng.random() < FORMS else replace(report, interface="json")


@dataclass
class Stream:
    """Starts reports in small crowds at a steady rate while fewer than `at_once` are under way, and goes on with each until it is settled."""

    player: Player
    day: Scenario
    rate: float
    at_once: int
    stopped: bool = False
    held: bool = False

    def obey(self, loop: asyncio.AbstractEventLoop) -> None:
        """SIGTERM ends the stream after what is under way, SIGUSR1 holds it, SIGUSR2 lets it go on."""
        loop.add_signal_handler(signal.SIGTERM, setattr, self, "stopped", True)
        loop.add_signal_handler(signal.SIGUSR1, setattr, self, "held", True)
        loop.add_signal_handler(signal.SIGUSR2, setattr, self, "held", False)

    async def run(self) -> int:
        """Plays until the day is over or it is told to stop; returns how many reports were started."""
        gate, started, began = asyncio.Semaphore(self.at_once), 0, time.monotonic()
        crowd = max(1, round(self.rate * CROWD_SECONDS))
        async with asyncio.TaskGroup() as lives:
            for report in self.day.reports:
                await gate.acquire()
                await asyncio.sleep(max(0.0, began + started // crowd * crowd / self.rate - time.monotonic()))
                while self.held and not self.stopped:
                    await asyncio.sleep(0.05)
                    began = time.monotonic() - started / self.rate
                if self.stopped:
                    break
                started += 1
                lives.create_task(self._live(report, gate))
        return started

    async def _live(self, report: Report, gate: asyncio.Semaphore) -> None:
        ids: dict[int, str] = {}
        try:
            await self.player.submit(report, self.day, ids)
        finally:
            gate.release()
        if report.number in ids and (report.data or report.number in self.day.resolved):
            await self.player.work_on(report, ids[report.number])


@dataclass(frozen=True)
class Wish:
    """A stream that is asked for: reports in all and in a second, and how many seconds a client goes on asking."""

    seed: int
    reports: int
    rate: float
    patience: float = PATIENCE


def start_load(stand: Stand, wish: Wish, log: Path) -> subprocess.Popen[bytes]:
    """Starts a stream against a stand, through the clients' link, with its log in this file."""
    apis = {name: stand.url(name) for name in ("routing", "subsidies")}
    apis["intake"] = f"http://{HOST}:{stand.link_port('client-intake')}"
    values = {**apis, **asdict(wish), "clients": stand.secrets.clients, "log": log}
    values["issuer"] = stand.addresses()["issuer"]
    words = [part for name, value in values.items() for part in (f"--{name}", str(value))]
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.with_suffix(".err").open("wb") as errors:
        command = [sys.executable, "-m", "bench.faults.load", *words]
        return subprocess.Popen(command, cwd=REPOSITORY, env=base_environment(), stdout=errors, stderr=errors)


async def registers(client: LightClient, intake: str) -> tuple[Rows, Rows]:
    """The categories and places that reports can be about; asks until intake answers."""
    found: list[Rows] = []
    end = time.monotonic() + PATIENCE
    while len(found) < 2:
        name = ("categories", "places")[len(found)]
        try:
            found.append((await client.request("GET", f"{intake}/v1/{name}")).json()[name])
        except (httpx.TransportError, KeyError, ValueError):
            if time.monotonic() > end:
                raise
            await asyncio.sleep(0.2)
    return found[0], found[1]


async def play(asked: argparse.Namespace) -> int:
    """Plays the stream that was asked for."""
    dev_tokens, client = DevTokens.read(asked.issuer, asked.clients), LightClient()
    categories, places = await registers(client, asked.intake)
    start = datetime.fromtimestamp(time.time(), UTC) - timedelta(minutes=5)
    day = generate(asked.seed, categories, places, start, asked.reports)
    apis = PublicApis(asked.intake, asked.routing, asked.subsidies, dev_tokens)
    log = Log(asked.log)
    player = Player(cast(httpx.AsyncClient, client), apis, log, lambda _: None, retry_seconds=asked.patience)
    stream = Stream(player, day, asked.rate, asked.at_once)
    stream.obey(asyncio.get_running_loop())
    try:
        return await stream.run()
    finally:
        log.close()
        client.close()


def main() -> None:
    """Runs one stream; SIGTERM ends it after what is under way."""
    parser = argparse.ArgumentParser(prog="python -m bench.faults.load")
    for name in ("intake", "routing", "subsidies", "issuer"):
        parser.add_argument(f"--{name}", required=True, help="where it answers")
    parser.add_argument("--clients", type=Path, required=True, help="file of the issuer's clients")
    parser.add_argument("--log", type=Path, required=True)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--reports", type=int, required=True)
    parser.add_argument("--rate", type=float, default=100.0, help="reports started in a second")
    parser.add_argument("--at-once", type=int, default=128, help="reports under way at the same time")
    parser.add_argument(
        "--patience", type=float, default=PATIENCE, help="seconds that a client goes on asking"
    )
    asked = parser.parse_args()
    random.seed(asked.seed)
    print(uvloop.run(play(asked)), flush=True)


if __name__ == "__main__":
    main()
