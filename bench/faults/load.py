"""A bounded stream of reports through the public APIs, in a process of its own; every client request is logged."""

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

from bench.faults.environment import Environment
from bench.faults.http_client import HttpClient
from stack.dev_tokens import DevTokens
from stack.play import Log, Player, PublicApis
from stack.ports import HOST
from stack.scenario import Rows, ScenarioWriter
from stack.scenario_applications import contribution_cases
from stack.scenario_world import Report, Scenario
from stack.tools import REPOSITORY, base_environment

PATIENCE = 240.0
BURST_SECONDS = 0.5
REACHABLE = 0.1  # a letter costs as much as the rest of a report: more contacts would mean fewer reports
FORMS = 0.03
# Per thousand reports: sent again, sent again with another body, withdrawn, resolved, requests for contributions.
AGAIN, REUSED, WITHDRAWN, RESOLVED, MONEY = 30, 10, 30, 60, 15


def generate(seed: int, categories: Rows, places: Rows, start: datetime, size: int) -> Scenario:
    """A long uniform scenario, mostly plain reports; the same arguments give the same scenario."""
    writer = ScenarioWriter(seed, categories, places, start)
    rng = writer.rng
    plain = sorted({str(row["kind"]) for row in categories} - {"contribution", "danger"})
    part = {name: max(1, size * of // 1000) for name, of in _SHARES.items()}
    money = contribution_cases(rng, part["money"], start.date())
    provinces = sorted({str(row["province"]) for row in places})
    reports = [_contribution_report(writer, number, provinces, *case) for number, case in enumerate(money)]
    reports += [_plain_report(writer, number, rng.choice(plain)) for number in range(len(money), size)]
    numbers = list(range(len(money), size))
    rng.shuffle(numbers)
    rng.shuffle(reports)
    ends = [part["withdrawn"], part["resolved"], part["again"], part["reused"]]
    chosen = [frozenset(numbers[sum(ends[:n]) : sum(ends[: n + 1])]) for n in range(len(ends))]
    return Scenario(seed, tuple(reports), (), chosen[2], chosen[3], chosen[0], chosen[1])


_SHARES = {"again": AGAIN, "reused": REUSED, "withdrawn": WITHDRAWN, "resolved": RESOLVED, "money": MONEY}


def _contribution_report(
    writer: ScenarioWriter, number: int, provinces: Sequence[str], data: Any, expect: str
) -> Report:
    province = provinces[number % len(provinces)]
    data["tenancy"]["province"] = province
    report = writer.report(number, "contribution", province)
    return replace(report, data=data, expect=expect, interface="json")


def _plain_report(writer: ScenarioWriter, number: int, kind: str) -> Report:
    report = writer.report(number, kind)
    if writer.rng.random() >= REACHABLE:
        report.body.pop("contact", None)
    return report if writer.rng.random() < FORMS else replace(report, interface="json")


@dataclass
class Stream:
    """Starts bursts of reports at a steady rate while fewer than `at_once` are in flight, and follows each until it is settled."""

    player: Player
    day: Scenario
    rate: float
    at_once: int
    stopped: bool = False
    paused: bool = False

    def install_signal_handlers(self, loop: asyncio.AbstractEventLoop) -> None:
        """SIGTERM stops the stream after what is in flight, SIGUSR1 pauses it, SIGUSR2 resumes it."""
        loop.add_signal_handler(signal.SIGTERM, setattr, self, "stopped", True)
        loop.add_signal_handler(signal.SIGUSR1, setattr, self, "paused", True)
        loop.add_signal_handler(signal.SIGUSR2, setattr, self, "paused", False)

    async def run(self) -> int:
        """Run until the scenario ends or the stream is stopped; return how many reports were started."""
        gate, started, began = asyncio.Semaphore(self.at_once), 0, time.monotonic()
        burst = max(1, round(self.rate * BURST_SECONDS))
        async with asyncio.TaskGroup() as tasks:
            for report in self.day.reports:
                await gate.acquire()
                await asyncio.sleep(max(0.0, began + started // burst * burst / self.rate - time.monotonic()))
                while self.paused and not self.stopped:
                    await asyncio.sleep(0.05)
                    began = time.monotonic() - started / self.rate
                if self.stopped:
                    break
                started += 1
                tasks.create_task(self._follow(report, gate))
        return started

    async def _follow(self, report: Report, gate: asyncio.Semaphore) -> None:
        ids: dict[int, str] = {}
        try:
            await self.player.submit(report, self.day, ids)
        finally:
            gate.release()
        if report.number in ids and (report.data or report.number in self.day.resolved):
            await self.player.work_on(report, ids[report.number])


@dataclass(frozen=True)
class LoadSpec:
    """The parameters of a stream: number of reports, reports per second, and seconds that a client retries."""

    seed: int
    reports: int
    rate: float
    patience: float = PATIENCE


def start_load(environment: Environment, spec: LoadSpec, log: Path) -> subprocess.Popen[bytes]:
    """Start a stream against an environment, through the clients' link, that logs to this file."""
    apis = {name: environment.url(name) for name in ("routing", "subsidies")}
    apis["intake"] = f"http://{HOST}:{environment.link_port('client-intake')}"
    values = {**apis, **asdict(spec), "clients": environment.secrets.clients, "log": log}
    values["issuer"] = environment.addresses()["issuer"]
    words = [part for name, value in values.items() for part in (f"--{name}", str(value))]
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.with_suffix(".err").open("wb") as errors:
        command = [sys.executable, "-m", "bench.faults.load", *words]
        return subprocess.Popen(command, cwd=REPOSITORY, env=base_environment(), stdout=errors, stderr=errors)


async def reference_data(client: HttpClient, intake: str) -> tuple[Rows, Rows]:
    """The categories and places for reports; retries until intake answers."""
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


async def run_load(args: argparse.Namespace) -> int:
    """Run a stream with these arguments."""
    dev_tokens, client = DevTokens.read(args.issuer, args.clients), HttpClient()
    categories, places = await reference_data(client, args.intake)
    start = datetime.fromtimestamp(time.time(), UTC) - timedelta(minutes=5)
    day = generate(args.seed, categories, places, start, args.reports)
    apis = PublicApis(args.intake, args.routing, args.subsidies, dev_tokens)
    log = Log(args.log)
    player = Player(cast(httpx.AsyncClient, client), apis, log, lambda _: None, retry_seconds=args.patience)
    stream = Stream(player, day, args.rate, args.at_once)
    stream.install_signal_handlers(asyncio.get_running_loop())
    try:
        return await stream.run()
    finally:
        log.close()
        client.close()


def main() -> None:
    """Run one stream; SIGTERM stops it after what is in flight."""
    parser = argparse.ArgumentParser(prog="python -m bench.faults.load")
    for name in ("intake", "routing", "subsidies", "issuer"):
        parser.add_argument(f"--{name}", required=True, help="its base URL")
    parser.add_argument("--clients", type=Path, required=True, help="file of the issuer's clients")
    parser.add_argument("--log", type=Path, required=True)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--reports", type=int, required=True)
    parser.add_argument("--rate", type=float, default=100.0, help="reports started per second")
    parser.add_argument("--at-once", type=int, default=128, help="reports in flight at the same time")
    parser.add_argument("--patience", type=float, default=PATIENCE, help="seconds that a client retries")
    args = parser.parse_args()
    random.seed(args.seed)
    print(uvloop.run(run_load(args)), flush=True)


if __name__ == "__main__":
    main()
