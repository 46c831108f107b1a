"""One run of one arm: a fresh process on fresh topics and a fresh database, warmed up, frozen, loaded, and let go."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from bench.arms.ours import SLOTS
from bench.arms.task import CASES, FENCES, INBOX, OUTBOX, Task
from bench.engines import Engines, rss_mib
from bench.events import Said, stored
from bench.figures import Drain
from chassis.ids import slot_of
from stack.processes import Child, StackError
from stack.tools import base_environment

NAIVE, BATCHED, OURS, SENT, FLOOR, RELAY = "naive", "naive-batch", "ours", "ours-sent", "floor", "relay"
OTHER_DRIVER = "ours-pymongo"
ARMS = (NAIVE, BATCHED, OURS, OTHER_DRIVER, SENT, FLOOR, RELAY)
PATIENCE = 120.0
FAR = datetime(2100, 1, 1, tzinfo=UTC)

Load = Callable[[Sequence[Said]], Awaitable[None]]


@dataclass(frozen=True)
class Run:
    """The process, the topics and the database of one run."""

    engines: Engines
    arm: str
    name: str

    @property
    def task(self) -> Task:
        """What the child is told."""
        subscribes = "" if self.arm in (RELAY, "relay-latency") else f"{self.name}-reports"
        return Task(
            self.arm,
            self.engines.kafka,
            self.engines.mongo,
            self.name,
            subscribes,
            self.facts,
            str(self.engines.system.secrets.folder),
        )

    @property
    def reports(self) -> str:
        """The topic that is heard."""
        return f"{self.name}-reports"

    @property
    def facts(self) -> str:
        """The topic that is spoken on."""
        return f"{self.name}-facts"

    @property
    def child(self) -> Child:
        """The process."""
        return Child("arm", self.engines.system.root / "arms" / self.name)

    def start(self, task: Task | None = None) -> int:
        """Starts the process, again when it was killed."""
        return self.child.start((task or self.task).command(), base_environment())

    async def prepare(self) -> None:
        """Makes topics and collections; who consumes only finds the relay's slots held by another replica."""
        await self.engines.make_topics(self.reports, self.facts)
        database = self.engines.database(self.name)
        for collection in (CASES, INBOX, OUTBOX, FENCES):
            database.create_collection(collection)
        if self.arm in (OURS, OTHER_DRIVER):
            held = {"holder": "another-replica", "until": FAR, "epoch": 1}
            database["leases"].insert_many([{"_id": f"slot/{n:03d}"} | held for n in range(SLOTS)])

    async def load(self, events: Sequence[Said]) -> None:
        """Puts the work where the arm takes it from."""
        if self.arm != RELAY:
            await self.engines.prefill(self.reports, events)
            return
        outbox = self.engines.database(self.name)[OUTBOX]
        rows = [stored(said, self.facts, slot_of(said.subject, SLOTS)) for said in events]
        for start in range(0, len(rows), 5_000):
            outbox.insert_many(rows[start : start + 5_000])

    def finished(self, total: int) -> bool:
        """Whether everything is done that the arm does, by the collections' own counts."""
        database = self.engines.database(self.name)
        empty = self.arm not in (SENT, RELAY) or database[OUTBOX].estimated_document_count() == 0
        return empty and (self.arm == RELAY or database[CASES].estimated_document_count() >= total)

    async def until(self, ready: Callable[[], bool], every: float = 0.05) -> None:
        """Returns when it is so; a child that died or takes too long is an error."""
        end = time.monotonic() + PATIENCE
        while not ready():
            if not self.child.alive():
                raise StackError(f"The arm {self.arm} ended: see {self.child.log}.")
            if time.monotonic() > end:
                raise StackError(
                    f"The arm {self.arm} was not done in {PATIENCE:.0f} s: see {self.child.log}."
                )
            await asyncio.sleep(every)

    async def end(self) -> None:
        """Ends the process and removes what it had."""
        if self.child.alive():
            self.child.kill()
        await self.engines.drop(self.name, self.reports, self.facts)


def fresh(engines: Engines, arm: str, rng: random.Random) -> Run:
    """A run whose name no other had."""
    return Run(engines, arm, f"bench-{arm}-{rng.getrandbits(40):010x}")


async def drain(run: Run, number: int, warm: Sequence[Said], events: Sequence[Said]) -> Drain:
    """Drain prefilled events and say what it cost, counted by what the database committed."""
    engines = run.engines
    await run.prepare()
    try:
        if run.arm != RELAY:
            await run.load(warm)
        pid = run.start()
        if run.arm == RELAY:
            await run.until(lambda: engines.database(run.name)["leases"].count_documents({}) >= SLOTS)
            await run.load(warm)
        await run.until(lambda: run.finished(len(warm)))
        await asyncio.sleep(0.3)
        run.child.pause()
        await run.load(events)
        since, before = engines.now(), engines.cpu(pid)
        run.child.resume()
        await run.until(lambda: run.finished(len(warm) + len(events)))
        after = engines.cpu(pid)
        collection, op = (OUTBOX, "d") if run.arm in (SENT, RELAY) else (CASES, "i")
        commits = engines.commits(f"{run.name}.{collection}", since, op)
        client, mongod, broker = (
            1000 * (end - start) / len(events) for start, end in zip(before, after, strict=True)
        )
        took, rate = commits.seconds, commits.per_second
        return Drain(run.arm, number, commits.events, took, rate, client, mongod, broker, rss_mib(pid))
    finally:
        await run.end()


async def time_single_facts(run: Run, count: int) -> tuple[float, ...]:
    """Milliseconds from the commit of a single fact to its acknowledgement by the broker."""
    await run.prepare()
    try:
        task = Task(**vars(run.task) | {"facts_to_time": count})
        run.start(task)
        await run.until(lambda: "\ndone" in run.child.log.read_text())
        lines = run.child.log.read_text().splitlines()
        return tuple(float(line.split()[1]) for line in lines if line.startswith("took "))
    finally:
        await run.end()
