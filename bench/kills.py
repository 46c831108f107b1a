"""The same work under kill -9: what a variant loses and doubles, counted in its database and on its topic."""

import asyncio
import json
import random
import time
from collections import Counter
from collections.abc import Sequence
from typing import Any

from bench.events import EventRecord
from bench.figures import Killed
from bench.runs import BATCHED, FLOOR, NAIVE, SENT, UNSENT, Run
from bench.variants.task import CASES, OUTBOX

KILLED = (NAIVE, BATCHED, SENT, FLOOR)
QUIET = 2.0
PATIENCE = 60.0


async def kill_and_count(run: Run, events: Sequence[EventRecord], kills: int, rng: random.Random) -> Killed:
    """Kill the variant at random moments spread over its work, let it finish, and count."""
    await run.prepare()
    try:
        await run.load(events)
        run.start()
        for number in range(1, kills + 1):
            mark = number * len(events) // (kills + 1)
            await run.until(lambda mark=mark: _done(run) >= mark, every=0.002)  # type: ignore[misc]
            await asyncio.sleep(rng.uniform(0, 0.04))
            run.child.kill()
            run.start()
        await _settle(run, len(events))
        effects = _effects(run)
        facts, copies = await _facts(run)
        wanted = [record.subject for record in events]
        lost = sum(1 for one in wanted if not effects[one] or not facts[one])
        doubled = sum(1 for one in wanted if effects[one] > 1 or facts[one] > 1)
        return Killed(run.variant, len(events), kills, lost, doubled, copies)
    finally:
        await run.end()


def _done(run: Run) -> int:
    return int(run.engines.database(run.name)[CASES].estimated_document_count())


async def _settle(run: Run, total: int) -> None:
    """Return when the work is done and nothing has changed for QUIET seconds, or nothing has changed for PATIENCE seconds."""
    seen, since = (-1, -1), time.monotonic()
    while True:
        now = (_done(run), run.engines.database(run.name)[OUTBOX].count_documents(UNSENT))
        if now != seen:
            seen, since = now, time.monotonic()
        quiet = time.monotonic() - since
        if (quiet > QUIET and run.finished(total)) or quiet > PATIENCE:
            return
        await asyncio.sleep(0.05)


def _effects(run: Run) -> Counter[str]:
    found: Counter[str] = Counter()
    for row in run.engines.database(run.name)[CASES].find():
        state: dict[str, Any] = row.get("state", row)
        found[str(state.get("report_id", row["_id"]))] += int(state.get("times", 1))
    return found


async def _facts(run: Run) -> tuple[Counter[str], int]:
    """The number of distinct facts per report, and how many records repeat an id."""
    if run.variant == FLOOR:
        rows = list(run.engines.database(run.name)[OUTBOX].find({}, {"aggregateid": 1}))
        return Counter(str(row["aggregateid"]) for row in rows), 0
    records = await run.engines.read(run.facts)
    ids: dict[str, str] = {}
    for record in records:
        own = dict(record.headers).get("ce_id")
        id_ = own.decode() if own else f"{record.partition}/{record.offset}"
        ids[id_] = json.loads(record.value)["report_id"]
    return Counter(ids.values()), len(records) - len(ids)
