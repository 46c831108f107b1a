"""A backlog of letters: notify is paused while reports come in, then sends two letters for each of them."""

import asyncio
import json
import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from urllib.parse import urlsplit

import httpx
from pymongo.collection import Collection

from bench.client import Client
from bench.engines import Engines, Row, cpu_seconds
from stack.processes import StackError
from stack.scenario import generate
from stack.system import System

WARM, RATE = 100, 50.0  # reports, and reports per second while notify is paused
PATIENCE = 120.0
ASKED = re.compile(
    r'^http_request_duration_seconds_count\{.*route="/internal/contacts".*\} ([\d.]+)$', re.MULTILINE
)


@dataclass(frozen=True)
class Backlog:
    """What a backlog took: seconds, CPU milliseconds of each process per letter, and MongoDB's counters per letter.

    `asked` is how many requests for contacts intake answered.
    """

    letters: int
    seconds: float
    cpu_ms: Mapping[str, float]
    requests: float
    commits: float
    aborts: float
    asked: int

    @property
    def per_second(self) -> float:
        """Letters per second, from the resumed process to the last settled message."""
        return self.letters / self.seconds


@dataclass(frozen=True)
class _Counters:
    cpu: Mapping[str, float]
    mongo: Sequence[int]
    asked: float


async def send_backlog(system: System, reports: int) -> Backlog:
    """Accept reports while notify is paused, resume it, and measure until every letter is settled; the system runs."""
    engines = Engines(system)
    url = urlsplit(system.url("intake"))
    client = Client(str(url.hostname), int(url.port or 0))
    bodies = await _bodies(system, WARM + reports)
    await _post(client, bodies[:WARM])
    await _until_sent(engines, 2 * WARM)
    notify = system.service("notify")
    notify.pause()
    try:
        await _post(client, bodies[WARM:])
        await _until_routed(engines, WARM + reports)
    finally:
        before, began = await _counters(engines), time.monotonic()
        notify.resume()
    await _until_sent(engines, 2 * (WARM + reports))
    seconds, letters, after = time.monotonic() - began, 2 * reports, await _counters(engines)
    cpu = {name: 1000 * (used - before.cpu[name]) / letters for name, used in after.cpu.items()}
    mongo = [(now - then) / letters for then, now in zip(before.mongo, after.mongo, strict=True)]
    return Backlog(letters, seconds, cpu, mongo[0], mongo[1], mongo[2], int(after.asked - before.asked))


async def _bodies(system: System, count: int) -> list[bytes]:
    async with httpx.AsyncClient(base_url=system.url("intake")) as client:
        registers = [(await client.get(f"/v1/{name}")).json()[name] for name in ("categories", "places")]
    day = generate(1, registers[0], registers[1], datetime.now(UTC), 2 * count)  # noqa: TID251
    found = [report.body for report in day.reports if "contact" in report.body][:count]
    return [json.dumps({k: v for k, v in body.items() if k != "report_id"}).encode() for body in found]


async def _post(client: Client, bodies: Sequence[bytes]) -> None:
    answers = await client.open_loop("/v1/reports", bodies, RATE)
    if refused := [one.status for one in answers if one.status != 201]:
        raise StackError(f"{len(refused)} reports were not accepted, the first with {refused[0]}.")


async def _until_routed(engines: Engines, reports: int) -> None:
    """Wait until every report has its case, and every fact about them is on its topic."""
    databases = engines.client
    await _until(databases["routing"]["cases"].estimated_document_count, reports, "cases")
    for name in ("intake", "routing"):
        await _until(partial(_negated, databases[name]["outbox"]), 0, "facts that are not sent")


def _negated(outbox: Collection[Row]) -> int:
    return -outbox.estimated_document_count()


async def _until_sent(engines: Engines, letters: int) -> None:
    found = engines.client["notify"]["messages"]
    await _until(lambda: found.count_documents({"state.status": {"$ne": "pending"}}), letters, "letters")


async def _until(count: Callable[[], int], wanted: int, what: str) -> None:
    end = time.monotonic() + PATIENCE
    while (found := await asyncio.to_thread(count)) < wanted:
        if time.monotonic() > end:
            raise StackError(f"After {PATIENCE:.0f} s there are {abs(found)} of {wanted} {what}.")
        await asyncio.sleep(0.1)


async def _counters(engines: Engines) -> _Counters:
    system = engines.system
    pids = {name: system.service(name).pid() for name in ("notify", "intake")}
    pids |= {"mongod": system.mongod.child.pid(), "mailbox": system.mailbox.pid()}
    status = engines.client.admin.command("serverStatus")
    transactions = status["transactions"]
    async with httpx.AsyncClient(base_url=system.url("intake")) as client:
        metrics = (await client.get("/metrics")).text
    return _Counters(
        {name: cpu_seconds(pid) for name, pid in pids.items()},
        (status["network"]["numRequests"], transactions["totalCommitted"], transactions["totalAborted"]),
        sum(map(float, ASKED.findall(metrics))),
    )
