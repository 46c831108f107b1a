"""A backlog of letters: notify is paused while reports come in, then sends two letters for each of them."""

import asyncio
import json
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import partial
from urllib.parse import urlsplit

import httpx
from pymongo.collection import Collection

from bench.client import Client
from bench.costs import Cost, Meter, idle
from bench.engines import Engines, Row
from bench.faults.monitor import UNSENT
from stack.processes import StackError
from stack.scenario import generate
from stack.system import System

WARM, RATE = 100, 50.0  # reports, and reports per second while notify is paused
PATIENCE = 180.0


async def send_backlog(system: System, reports: int) -> Cost:
    """Accept reports while notify is paused, resume it, and return what each letter costs until all are settled.

    The system runs; idle work is subtracted.
    """
    engines = Engines(system)
    url = urlsplit(system.url("intake"))
    client = Client(str(url.hostname), int(url.port or 0))
    bodies = await _bodies(system, WARM + reports)
    await _post(client, bodies[:WARM])
    await _until_sent(engines, 2 * WARM)
    resting = await idle(engines)
    notify = system.service("notify")
    notify.pause()
    try:
        await _post(client, bodies[WARM:])
        await _until_routed(engines, WARM + reports)
    finally:
        meter = Meter(engines)
        notify.resume()
    await _until_sent(engines, 2 * (WARM + reports))
    return meter.stop("backlog", 2 * reports).less(resting)


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
        waiting = databases[name]["outbox"]
        await _until(partial(_negated, waiting), 0, "events that are not sent")


def _negated(outbox: Collection[Row]) -> int:
    return -outbox.count_documents(dict(UNSENT))


async def _until_sent(engines: Engines, letters: int) -> None:
    found = engines.client["notify"]["messages"]
    await _until(lambda: found.count_documents({"state.status": {"$ne": "pending"}}), letters, "letters")


async def _until(count: Callable[[], int], wanted: int, what: str) -> None:
    end = time.monotonic() + PATIENCE
    while (found := await asyncio.to_thread(count)) < wanted:
        if time.monotonic() > end:
            raise StackError(f"After {PATIENCE:.0f} s there are {abs(found)} of {wanted} {what}.")
        await asyncio.sleep(0.1)
