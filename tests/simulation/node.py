"""One process of a simulated service: the real runtime, wired as `chassis.service` wires it, on a faulty store and broker."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from aiokafka import TopicPartition
from aiokafka.errors import KafkaError
from tests.simulation.group import SimConsumer, SimGroup
from tests.simulation.log import SimLog
from tests.simulation.loop import Proc, SimLoop
from tests.simulation.services import BACK, FRONT, START, SUBSCRIBES, Print, Printed
from tests.simulation.store import SimStore

from chassis.consumer.claims import Claims
from chassis.consumer.delivery import Delivery
from chassis.consumer.subscription import BATCH, Subscription
from chassis.documents import Raw
from chassis.errors import Unavailable
from chassis.observe.crash_points import CrashPoints
from chassis.observe.metrics import Metrics
from chassis.outbox.relay import Relay
from chassis.outbox.scan import OutboxScan
from chassis.outbox.sent import FORMER
from chassis.parking.bulk import BulkDiscard
from chassis.parking.dead_letters import DeadLetters, open_dead_letters
from chassis.runtime.process import WORKERS
from chassis.store.collections import OUTBOX
from chassis.store.port import StoreSession
from chassis.store.shard_leases import ShardLeases
from chassis.tasks.jobs import Jobs
from chassis.tasks.loops import Loop
from chassis.tasks.timers import Timers
from chassis.transaction.batch_processor import Effects
from chassis.transaction.commands import Commands
from chassis.transaction.inputs import Outcome
from chassis.transaction.unit_of_work import UnitOfWork
from contracts.connection import Connection

SLOTS = 3
# A narrow window that is rarely widened: facts outside it have to be searched for often.
WHOLE_EVERY_SECONDS, WINDOW_MARGIN_MS = 10.0, 0
HANDS_OVER = 0.7  # the others search for everything
METRICS = {name: Metrics(name) for name in SUBSCRIBES}
TABLES = {"front": FRONT, "back": BACK}


class SimSubscription(Subscription):
    """A subscription with a simulated consumer, which fetches and sends heartbeats on its own."""

    reader: SimConsumer

    def __init__(self) -> None:
        self.records = BATCH

    @property
    def stale(self) -> bool:
        return self.reader.stale

    @stale.setter
    def stale(self, stale: bool) -> None:
        self.reader.stale = stale

    @property
    def consumer(self) -> Any:
        return self.reader

    @property
    def max_records(self) -> int:
        return self.records

    @max_records.setter
    def max_records(self, records: int) -> None:
        self.records = records

    def _set_wait(self, milliseconds: int) -> None:
        """The simulated broker holds a fetch as long as chance has it."""

    async def end_offsets(self, partitions: Sequence[TopicPartition]) -> Mapping[TopicPartition, int]:
        try:
            await self.reader.log.request()
        except KafkaError as error:
            raise Unavailable("kafka: away") from error
        return {tp: self.reader.highwater(tp) or 0 for tp in partitions}

    async def beginning_offsets(self, partitions: Sequence[TopicPartition]) -> Mapping[TopicPartition, int]:
        return dict.fromkeys(partitions, 0)  # no record is ever removed here

    async def stop(self) -> None:
        await self.reader.stop()


class SimDelivery(Delivery):
    """Delivery with the simulated consumer."""

    source: SimSubscription

    def _subscribe(self, instance: str) -> Subscription:  # noqa: ARG002
        return SimSubscription()

    async def _topic_ids(self, topics: list[str]) -> dict[str, str]:
        log = self.source.reader.log
        if log.down:
            raise Unavailable("kafka: away")
        if log.chance.hits("strange answer"):
            raise ValueError("an unexpected answer")
        await asyncio.sleep(log.chance.latency())
        return {name: log.topics[name].id for name in topics}


class SimRelay(Relay):
    """A relay with the simulated producer."""

    topics: SimLog

    async def _started_producer(self) -> Any:
        if self.producer is None:
            self.producer = self.topics.producer()
        return self.producer


class FormerRelay(SimRelay):
    """The relay of the build before this one, beside it in a rolling update: it moved sent facts to one collection a day."""

    async def _mark_sent(self, rows: Sequence[Raw]) -> None:
        if rows:
            day = f"{FORMER}{self.clock():%Y%m%d}"
            await self.store.insert_missing(day, [row | {"sent_at": self.clock()} for row in rows])
            await self.store.delete(OUTBOX, [row["_id"] for row in rows])


class SimCrashPoints(CrashPoints):
    """Stops the process at the configured crash point: no later callback of it runs."""

    def __init__(self, proc: Proc) -> None:
        super().__init__()
        self._proc = proc
        self.wanted = ""

    def at(self, point: str) -> None:
        """Pass a crash point; what the process does after its next await does not happen."""
        if point == self.wanted:
            self.wanted = ""
            self._proc.steps_left = 1


class Parts:
    """The classes that a world is built from; a negative control replaces one of them."""

    store: type[SimStore] = SimStore
    unit_of_work: type[UnitOfWork] = UnitOfWork
    claims: type[Claims] = Claims
    delivery: type[SimDelivery] = SimDelivery
    relay: type[SimRelay] = SimRelay
    outbox_scan: type[OutboxScan] = OutboxScan
    discards: type[BulkDiscard] = BulkDiscard
    fenced_as: str = "id"
    fingerprint: Callable[[Any], str] = repr


class Node:
    """A process of one service."""

    def __init__(
        self, service: str, instance: str, store: SimStore, log: SimLog, group: SimGroup, parts: type[Parts]
    ) -> None:
        self.service, self.instance, self.store, self.log, self.group = service, instance, store, log, group
        self.parts = parts
        self.closing = False
        self.loop: SimLoop = store.loop
        self.proc = Proc(instance)
        self.skew = timedelta(seconds=store.chance.rng.choice((0, 0, 0.4, -0.4)))
        self.loops: dict[str, Loop] = {}
        self.metrics = METRICS[service]
        self.crash = SimCrashPoints(self.proc)
        self.unit_of_work = parts.unit_of_work(
            service,
            SLOTS,
            TABLES[service],
            self.metrics,
            self.crash,
            self._wake,
            self.clock,
            self.loop.time,
        )
        self.commands = Commands(self.unit_of_work, self.metrics, self.clock)
        self.results = Commands.for_results(self.unit_of_work, self.metrics, self.clock)
        self.slots = ShardLeases(store, instance, SLOTS, self.loop.time)
        relay = parts.relay if parts.relay is not SimRelay or store.chance.rng.random() < 0.7 else FormerRelay
        self.relay = relay(service, Connection(""), store, self.slots, self.metrics, self.crash, self.clock)
        self.relay.topics = log
        self.relay.outbox_scan = parts.outbox_scan(
            store,
            self.slots.monotonic,
            self.relay.record_age,
            self.slots.is_held_since,
            WHOLE_EVERY_SECONDS,
            WINDOW_MARGIN_MS,
        )
        self.hands_over = store.chance.rng.random() < HANDS_OVER
        self.unit_of_work.publisher = self.relay  # type: ignore[attr-defined]  # one control publishes by itself
        self.dead_letters: DeadLetters | None = None
        self.jobs: Jobs | None = None
        self.delivery: SimDelivery | None = None
        self.tasks: list[asyncio.Task[Any]] = [self.loop.spawn(self.proc, self._open())]

    def clock(self) -> datetime:
        """The clock of this machine."""
        now = START + timedelta(milliseconds=int(self.loop.time() * 1000))
        return now + self.skew

    def _wake(self, effects: Effects, began: float) -> None:
        if self.hands_over:
            self.relay.outbox_scan.offer(effects.outbox, began)
            if self.jobs is not None:
                self.jobs.offer(effects.jobs.values(), began)
        work = {
            "relay": effects.outbox,
            "timers": effects.timers,
            "jobs": effects.jobs,
            "replays": effects.released,
        }
        for name, there in work.items():
            if there and name in self.loops:
                self.loops[name].wake()

    async def _open(self) -> None:
        commanded, resulted, timed, done = sessions = [await self.store.session() for _ in range(4)]
        while True:
            try:
                await self.slots.reclaim(sessions)
            except Unavailable:
                await asyncio.sleep(0.5)
            else:
                break
        self._task(self.commands.serve(commanded))
        self._task(self.results.serve(resulted))
        await self._start_loops(timed, done)
        await self._join()

    async def _start_loops(self, timed: StoreSession, done: StoreSession) -> None:
        store, reactions = self.store, TABLES[self.service]
        timers = Timers(store, self.slots, self.unit_of_work, reactions, self.clock, timed)
        self.dead_letters = await open_dead_letters(
            store, self.unit_of_work, self.slots, self.clock, lambda: None, self.parts.discards
        )
        self.jobs = Jobs(
            store,
            self.slots,
            self.results,
            reactions,
            {Print: self._print},
            self.metrics,
            self.crash,
            self.clock,
            done,
        )
        steps = {
            "slots": (self.slots.rebalance, 2.5),
            "relay": (self.relay.sweep, 4.0),
            "timers": (timers.fire, 3.0),
            "jobs": (self.jobs.start_due, 4.0),
            "replays": (self.dead_letters.replays.release, 5.0),
        }
        for name, kind in self.dead_letters.runs.kinds.items():
            steps[f"run {name}"] = (partial(self.dead_letters.runs.advance, kind), 2.0)
        self.loops = {name: Loop(name, step, every) for name, (step, every) in steps.items()}
        self.jobs.done = self.loops["jobs"].wake
        for loop in self.loops.values():
            self._task(loop.run())

    async def _join(self) -> None:
        sessions = [await self.store.session() for _ in range(WORKERS)]
        claims = self.parts.claims(self.service, self.store, sessions)
        delivery = self.parts.delivery(
            self.service,
            Connection(""),
            self.instance,
            SUBSCRIBES[self.service],
            claims,
            self.unit_of_work,
            self.clock,
            self.loop.time,
        )
        reader = delivery.source.reader = SimConsumer(
            self.group, self.instance, delivery, delivery.handle_batch
        )
        self.delivery = delivery
        self._task(reader.read())
        self._task(reader.keep_membership())
        self._task(Loop("watch", delivery.watch, 2.5).run())

    async def _print(self, job: Print, _: int) -> Printed:
        await asyncio.sleep(self.store.chance.latency())
        if self.store.chance.hits("provider away"):
            raise Unavailable("provider: away")
        return Printed(job.report_id, job.line)

    def _task(self, work: Any) -> None:
        self.tasks.append(self.loop.create_task(work))

    def ask(self, body: Any, id_: str, key: str, then: Callable[["asyncio.Task[Outcome]"], None]) -> None:
        """Run a command in this process; `then` is called outside, if the process lives to finish it."""
        task = self.loop.spawn(
            self.proc, self.commands.run(body, id=id_, key=key, fingerprint=self.parts.fingerprint(body))
        )
        task.add_done_callback(then)

    async def close(self) -> None:
        """Stop gracefully."""
        if self.delivery is not None:
            await self.delivery.stop()
        if self.jobs is not None:
            await self.jobs.stop(5.0)
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)
        await self.relay.stop()
        try:
            await self.slots.release_all()
        except Unavailable:
            return

    @property
    def serving(self) -> bool:
        """Whether the process accepts commands, now or when it resumes."""
        return self.proc.alive and bool(self.loops) and not self.closing
