"""How a replica learns of what another replica committed: by polling or by a change stream, and what each costs."""

import asyncio
import os
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Literal

from pymongo import AsyncMongoClient
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import PyMongoError
from pymongo.write_concern import WriteConcern

from bench.engines import Engines, cpu_seconds
from bench.figures import Wakeup
from stack.processes import print_stderr

Way = Literal["nobody", "looking", "stream"]
WAYS: tuple[Way, ...] = ("nobody", "looking", "stream")
DATABASES, REPLICAS = 4, 2
LOOK_SECONDS = 0.05
WATCHED = ("outbox", "timers", "jobs")
# How many other documents a report's transaction writes.
BESIDE = 8
Row = dict[str, Any]


@dataclass
class Trial:
    """Eight replicas of four services that wait for rows of their own slot, and a writer that commits such rows."""

    client: AsyncMongoClient[Row]
    name: str
    committed: dict[str, float] = field(default_factory=dict)
    took: list[float] = field(default_factory=list)

    def database(self, number: int) -> AsyncDatabase[Row]:
        return self.client.get_database(
            f"{self.name}-{number}", write_concern=WriteConcern("majority", j=True)
        )

    async def prepare(self) -> None:
        for number in range(DATABASES):
            for name in (*WATCHED, "documents"):
                await self.database(number)[name].create_index([("stamp", 1), ("slot", 1)])

    def received(self, row: Row) -> None:
        """A replica has found its row; only the first time counts."""
        began = self.committed.pop(row["_id"], None)
        if began is not None:
            self.took.append(1000 * (time.perf_counter() - began))

    async def poll(self, number: int, slot: int) -> None:
        """Query every collection for rows of a slot at an interval."""
        database = self.database(number)
        while True:
            for name in WATCHED:
                for row in (
                    await database[name].find({"slot": slot}, sort=[("stamp", 1)], limit=100).to_list()
                ):
                    self.received(row)
                    await database[name].delete_one({"_id": row["_id"]})
            await asyncio.sleep(LOOK_SECONDS)

    async def stream(self, number: int, slot: int) -> None:
        """Wait on a change stream for inserts of a slot."""
        database = self.database(number)
        match = {"operationType": "insert", "ns.coll": {"$in": list(WATCHED)}, "fullDocument.slot": slot}
        async with await database.watch([{"$match": match}]) as changes:
            async for change in changes:
                self.received(change["fullDocument"])
                await database[change["ns"]["coll"]].delete_one({"_id": change["fullDocument"]["_id"]})

    async def write(self, rate: float, seconds: float) -> int:
        """Commit at a rate, round robin over databases and replicas; return the number of commits."""
        began, count = time.perf_counter(), 0
        while time.perf_counter() - began < seconds:
            number, slot = count % DATABASES, count // DATABASES % REPLICAS
            await self._commit(self.database(number), f"{count}", slot)
            count += 1
            await asyncio.sleep(max(0.0, began + count / rate - time.perf_counter()))
        return count

    async def _commit(self, database: AsyncDatabase[Row], name: str, slot: int) -> None:
        async with self.client.start_session() as session, await session.start_transaction():
            await database["documents"].insert_many(
                [{"_id": f"{name}/{n}", "slot": 9, "stamp": n, "text": "x" * 200} for n in range(BESIDE)],
                session=session,
            )
            await database["outbox"].insert_one({"_id": name, "slot": slot, "stamp": 1}, session=session)
            self.committed[name] = time.perf_counter()


async def measure(engines: Engines, rate: float, seconds: float) -> list[Wakeup]:
    """Measure every way, idle and at a rate of commits per second, one after the other on the same engines."""
    found = []
    for way in WAYS:
        for at in (0.0, rate):
            print_stderr(f"wake-ups: {way}, {at:.0f} commits/s …")
            found.append(await _measure(engines, way, at, seconds))
    return found


async def _measure(engines: Engines, way: Way, rate: float, seconds: float) -> Wakeup:
    client: AsyncMongoClient[Row] = AsyncMongoClient(engines.mongo)
    trial = Trial(client, f"wakeups-{way}-{rate:.0f}")
    await trial.prepare()
    ways: dict[Way, Callable[[int, int], Awaitable[None]] | None] = {
        "nobody": None,
        "looking": trial.poll,
        "stream": trial.stream,
    }
    waiting = ways[way]
    replicas = [(number, slot) for number in range(DATABASES) for slot in range(REPLICAS)]
    tasks = [asyncio.ensure_future(waiting(*one)) for one in replicas] if waiting else []
    await asyncio.sleep(1)
    pids = (engines.system.mongod.child.pid(), os.getpid())
    before = [cpu_seconds(pid) for pid in pids]
    count = await trial.write(rate, seconds) if rate else await asyncio.sleep(seconds, 0)
    await asyncio.sleep(1)
    mongod, ours = ((cpu_seconds(pid) - at) / (seconds + 1) for pid, at in zip(pids, before, strict=True))
    for task in tasks:
        task.cancel()
        with suppress(asyncio.CancelledError, PyMongoError):
            await task
    for number in range(DATABASES):
        await client.drop_database(f"{trial.name}-{number}")
    await client.close()
    return Wakeup(way, rate, count, mongod, ours, tuple(trial.took))
