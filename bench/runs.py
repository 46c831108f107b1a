"""One run of one variant: a new process on new topics and a new database is warmed up, paused, loaded and resumed."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from bench.engines import Engines, rss_mib
from bench.events import EventRecord, outbox_row
from bench.figures import Drain
from bench.variants.ours import SLOTS
from bench.variants.task import CASES, FENCES, INBOX, OUTBOX, Task
from chassis.ids import slot_of
from stack.processes import Child, StackError
from stack.tools import base_environment

NAIVE, BATCHED, OURS, SENT, FLOOR, RELAY = "naive", "naive-batch", "ours", "ours-sent", "floor", "relay"
BARE_RELAY = "bare-relay"
RELAYS = (RELAY, BARE_RELAY)
OTHER_DRIVER = "ours-pymongo"
VARIANTS = (NAIVE, BATCHED, OURS, OTHER_DRIVER, SENT, FLOOR, *RELAYS)
PATIENCE = 120.0
UNSENT = {"stamp": {"$gte": 0}, "slot": {"$gte": 0}}
COUNTED = {SENT: (OUTBOX, "u"), RELAY: (OUTBOX, "u"), BARE_RELAY: (OUTBOX, "d")}
FAR = datetime(2100, 1, 1, tzinfo=UTC)

Load = Callable[[Sequence[EventRecord]], Awaitable[None]]


@dataclass(frozen=True)
class Run:
    """The process, the topics and the database of one run."""

    engines: Engines
    variant: str
    name: str

    @property
    def task(self) -> Task:
        """The arguments of the child process."""
        subscribes = "" if self.variant in (*RELAYS, "relay-latency") else f"{self.name}-reports"
        return Task(
            self.variant,
            self.engines.kafka,
            self.engines.mongo,
            self.name,
            subscribes,
            self.facts,
            str(self.engines.system.secrets.folder),
        )

    @property
    def reports(self) -> str:
        """The topic that the variant consumes."""
        return f"{self.name}-reports"

    @property
    def facts(self) -> str:
        """The topic that the variant produces to."""
        return f"{self.name}-facts"

    @property
    def child(self) -> Child:
        """The process."""
        return Child("variant", self.engines.system.root / "variants" / self.name)

    def start(self, task: Task | None = None) -> int:
        """Start the process, or restart it after a kill."""
        return self.child.start((task or self.task).command(), base_environment())

    async def prepare(self) -> None:
        """Create topics and collections; for a variant that only consumes, another replica holds the relay's slots."""
        await self.engines.make_topics(self.reports, self.facts)
        database = self.engines.database(self.name)
        for collection in (CASES, INBOX, OUTBOX, FENCES):
            database.create_collection(collection)
        if self.variant in (OURS, OTHER_DRIVER):
            held = {"holder": "another-replica", "until": FAR, "epoch": 1}
            database["leases"].insert_many([{"_id": f"slot/{n:03d}"} | held for n in range(SLOTS)])

    async def load(self, events: Sequence[EventRecord]) -> None:
        """Put the work where the variant takes it from: the topic, or the outbox for the relay."""
        if self.variant not in RELAYS:
            await self.engines.prefill(self.reports, events)
            return
        outbox = self.engines.database(self.name)[OUTBOX]
        rows = [outbox_row(record, self.facts, slot_of(record.subject, SLOTS)) for record in events]
        for start in range(0, len(rows), 5_000):
            outbox.insert_many(rows[start : start + 5_000])

    def finished(self, total: int) -> bool:
        """Whether all work is done, by the collections' document counts."""
        database = self.engines.database(self.name)
        sent = self.variant not in (SENT, *RELAYS) or database[OUTBOX].find_one(UNSENT) is None
        return sent and (self.variant in RELAYS or database[CASES].estimated_document_count() >= total)

    async def until(self, ready: Callable[[], bool], every: float = 0.05) -> None:
        """Wait until the condition holds; raises StackError when the child ends or PATIENCE is exceeded."""
        end = time.monotonic() + PATIENCE
        while not ready():
            if not self.child.alive():
                raise StackError(f"The variant {self.variant} ended: see {self.child.log}.")
            if time.monotonic() > end:
                raise StackError(
                    f"The variant {self.variant} was not done in {PATIENCE:.0f} s: see {self.child.log}."
                )
            await asyncio.sleep(every)

    async def end(self) -> None:
        """End the process and drop its topics and database."""
        if self.child.alive():
            self.child.kill()
        await self.engines.drop(self.name, self.reports, self.facts)


def new_run(engines: Engines, variant: str, rng: random.Random) -> Run:
    """A run with an unused name."""
    return Run(engines, variant, f"bench-{variant}-{rng.getrandbits(40):010x}")


async def drain(run: Run, number: int, warm: Sequence[EventRecord], events: Sequence[EventRecord]) -> Drain:
    """Drain prefilled events; throughput and cost are counted by what the database committed."""
    engines = run.engines
    await run.prepare()
    try:
        if run.variant not in RELAYS:
            await run.load(warm)
        pid = run.start()
        if run.variant == RELAY:
            await run.until(lambda: engines.database(run.name)["leases"].count_documents({}) >= SLOTS)
        if run.variant in RELAYS:
            await run.load(warm)
        await run.until(lambda: run.finished(len(warm)))
        await asyncio.sleep(0.3)
        run.child.pause()
        await run.load(events)
        since, before = engines.now(), engines.cpu(pid)
        run.child.resume()
        await run.until(lambda: run.finished(len(warm) + len(events)))
        after = engines.cpu(pid)
        collection, op = COUNTED.get(run.variant, (CASES, "i"))
        commits = engines.commits(f"{run.name}.{collection}", since, op)
        client, mongod, broker = (
            1000 * (end - start) / len(events) for start, end in zip(before, after, strict=True)
        )
        took, rate = commits.seconds, commits.per_second
        return Drain(run.variant, number, commits.events, took, rate, client, mongod, broker, rss_mib(pid))
    finally:
        await run.end()


async def time_single_facts(run: Run, count: int) -> tuple[float, ...]:
    """Milliseconds from the commit of a single fact to the broker's acknowledgement."""
    await run.prepare()
    try:
        task = Task(**vars(run.task) | {"facts_to_time": count})
        run.start(task)
        await run.until(lambda: "\ndone" in run.child.log.read_text())
        lines = run.child.log.read_text().splitlines()
        return tuple(float(line.split()[1]) for line in lines if line.startswith("took "))
    finally:
        await run.end()
