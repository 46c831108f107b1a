"""Delivery: records in batches, each handled once, whatever dies in between; MongoDB is the truth, offsets are advice."""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

from aiokafka import ConsumerRebalanceListener, TopicPartition

from chassis.clock import Clock
from chassis.consumer.batch_committer import BatchCommitter
from chassis.consumer.claims import Claims
from chassis.consumer.fetch_positions import FetchPositions, Part, Parts
from chassis.consumer.offset_committer import OffsetCommitter
from chassis.consumer.records import read, record_from
from chassis.consumer.stall_detector import StallDetector
from chassis.consumer.stopped_partitions import StoppedPartitions
from chassis.consumer.subscription import Fetched, Subscription
from chassis.consumer.topic_ids import topic_ids
from chassis.errors import Conflict, Fenced, Unavailable
from chassis.observe.crash_points import CrashPoints
from chassis.observe.logs import log
from chassis.observe.metrics import Metrics
from chassis.transaction.inputs import Input
from chassis.transaction.unit_of_work import UnitOfWork
from contracts.connection import Connection

LOOK_AT_TOPICS_SECONDS = 5.0


class Delivery(ConsumerRebalanceListener):  # type: ignore[misc]
    """One consumer group of one service, in one process."""

    def __init__(
        self,
        group: str,
        kafka: Connection,
        instance: str,
        subscribes: Sequence[str],
        claims: Claims,
        unit_of_work: UnitOfWork,
        clock: Clock,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.group, self.kafka, self.subscribes = group, kafka, tuple(subscribes)
        self.claims = claims
        self.metrics: Metrics = unit_of_work.metrics
        self.crash: CrashPoints = unit_of_work.crash
        self.resting: str = ""
        self.stopping = False
        self._busy = asyncio.Lock()
        self._assigned: set[TopicPartition] = set()
        self._working: dict[bytes, asyncio.Task[None]] = {}
        self._rests: dict[bytes, int] = {}
        self._monotonic, self._looked = monotonic, 0.0
        self._resuming: asyncio.Task[None] | None = None
        self.source = self._subscribe(instance)
        self.stall_detector = StallDetector(group, claims, self.source, self.metrics, monotonic)
        self.commits = BatchCommitter(group, claims, unit_of_work, self.source, self.stall_detector, clock)
        self.positions = FetchPositions(claims, self.source.seek, self.metrics)
        self.committer = OffsetCommitter(self.source, self.crash)
        self.stops = StoppedPartitions(kafka, claims, self.source, self.metrics, monotonic)
        self.stall_detector.stopped = self.stops.there

    def _subscribe(self, instance: str) -> Subscription:
        return Subscription(
            self.group, self.kafka, instance, self.subscribes, self, self.take, self._step_over
        )

    async def start(self) -> None:
        """Join the group; raises Unavailable while Kafka is away."""
        self.stall_detector.leave()
        await self.source.start()

    async def _step_over(self, limit: int) -> Fetched:
        """Read every partition that has something with our own reader: which one is bad the library does not say."""
        self.metrics.resought.labels("unfetchable").inc()
        async with self._busy:
            places = {tp: self.positions.place(tp) for tp in self.claims.held}
            waiting = {tp: place for tp, place in places.items() if self.source.lag(tp, place) != 0}
            try:
                return await self.stops.read(waiting, limit)
            except Unavailable as away:
                self._rest(b"", str(away))
                return {}

    async def on_partitions_revoked(self, _: set[TopicPartition]) -> None:
        """Finish what is in hand, then let go."""
        async with self._still():
            self.committer.hush()
            self.stall_detector.leave()
            self.claims.held.clear()
            self.stops.forget()
            self._assigned = set()
            self.metrics.assigned.set(0)

    async def on_partitions_assigned(self, assigned: set[TopicPartition]) -> None:
        """Claim and seek; until both are done nothing of these partitions is handled."""
        self._assigned = set(assigned)
        self.stall_detector.join()
        self.metrics.rebalances.inc()
        self.metrics.assigned.set(len(assigned))
        async with self._still():
            await self._claim_missing()

    async def _topic_ids(self, topics: list[str]) -> dict[str, str]:
        return await topic_ids(self.kafka, topics)

    async def _claim_missing(self) -> None:
        missing = sorted(self._assigned - set(self.claims.held))
        if not missing:
            return
        try:
            ids = await self._topic_ids(sorted({tp.topic for tp in missing}))
            claims = (self._claim(partition, ids[partition.topic]) for partition in missing)
            for failed in filter(None, await asyncio.gather(*claims, return_exceptions=True)):
                raise failed
            # A former owner may have died between a commit and telling: tools would see a lag that is none.
            self.committer.give({partition: self.claims.held[partition].next for partition in missing})
        except (Unavailable, Conflict) as away:
            self._rest(b"", str(away))
        except Exception as error:  # noqa: BLE001 - whoever asked would leave reading paused for ever
            log("claim failed", level=40, error=error, group=self.group)
            self._rest(b"", type(error).__name__)

    async def _claim(self, partition: TopicPartition, topic_id: str) -> None:
        claim = await self.claims.take(partition, topic_id)
        self.positions.again([partition])
        self.source.stale = True
        if claim.made_again:
            where = {"topic": partition.topic, "partition": partition.partition}
            log("topic was made again", level=50, **where)
            self.metrics.resought.labels("topic-made-again").inc()

    async def take(self, records: Sequence[Any]) -> None:
        """Hand what was fetched to its lanes, each as soon as it is free; never raises, and never waits for a commit."""
        if self.stopping:
            return
        async with self._busy:
            try:
                if self.source.stale:
                    self.positions.again(list(self.claims.held))
                    return
                self.crash.at("delivery.fetched")
                shares = self.claims.by_worker(self.positions.expected(records))
                await asyncio.gather(*(self._hand_over(worker, parts) for worker, parts in shares.items()))
            except Exception as error:  # noqa: BLE001 - FastStream would go on with the next batch: it must not
                log("batch failed", level=40, error=error, group=self.group)
                self._rest(b"", type(error).__name__)

    async def _hand_over(self, worker: bytes, parts: Parts) -> None:
        """Understand a share while its lane still commits the one before, then let the lane have it."""
        inputs = {tp: _understood(part) for tp, part in parts.items()}
        if worker in self._working:
            await asyncio.wait([self._working[worker]])
        self._working[worker] = asyncio.get_running_loop().create_task(self._handle(worker, parts, inputs))

    @asynccontextmanager
    async def _still(self) -> AsyncIterator[None]:
        """Nothing is being handled, and nothing begins to be, inside this."""
        async with self._busy:
            if self._working:
                await asyncio.wait(self._working.values())
            yield

    async def _handle(
        self, worker: bytes, parts: Parts, inputs: Mapping[TopicPartition, list[Input]]
    ) -> None:
        """Commit one lane's share, wholly or not at all; reading rests when it has to, and never raises."""
        ours = self.positions.current(parts)
        try:
            if ours:
                await self._commit(ours, [item for tp in ours for item in inputs[tp]])
        except Unavailable as away:
            trouble = str(away)
        except Fenced:
            trouble = await self._look_again(ours)
        except Exception as error:  # noqa: BLE001 - the other lane's share is not to suffer
            log("batch failed", level=40, error=error, group=self.group)
            trouble = type(error).__name__
        else:
            self._rests.pop(worker, None)
            return
        self.positions.again(ours)
        if trouble:
            self._rest(worker, trouble)

    async def _commit(self, parts: Parts, inputs: Sequence[Input]) -> None:
        ends = {partition: part.end for partition, part in parts.items()}
        await self.commits.share(inputs, ends)
        self.committer.give(ends)

    def stands_still(self, seconds: float) -> bool:
        """Records wait, nothing outside is known to be down, and reading has not got on for so long."""
        return not self.resting and self.stall_detector.stands_still(seconds)

    async def _look_again(self, partitions: Iterable[TopicPartition]) -> str:
        """Find out who owns what was fenced; says why reading has to rest, nothing when it need not."""
        try:
            for partition in partitions:
                if not await self.claims.look(partition):
                    log("fenced out", level=30, topic=partition.topic, partition=partition.partition)
                    self.metrics.resought.labels("fenced").inc()
        except Unavailable as away:
            return str(away)
        return ""

    def _rest(self, worker: bytes, reason: str) -> None:
        """Stop reading but stay in the group, and try again after a pause that grows while any lane cannot go on."""
        if not self.source.pause():
            return
        self._rests[worker] = self._rests.get(worker, 0) + 1
        log("reading rests", level=30, group=self.group, reason=reason)
        if not self.resting:
            self.resting = reason
            self.metrics.paused.set(1)
            longest = min(5.0, 0.1 * 2 ** min(max(self._rests.values()), 8))
            pause = longest * random.uniform(0.5, 1)
            self._resuming = asyncio.get_running_loop().create_task(self._resume(pause))

    async def _resume(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
        async with self._still():
            self.resting = ""
            self.metrics.paused.set(0)
            self.positions.again(list(self.claims.held))
            await self._claim_missing()
            if not self.resting:
                self._rests.pop(b"", None)
                self.source.resume()

    async def watch(self) -> bool:
        """Measure the lag, and claim what a lost claim left behind; called from a loop."""
        if self.source.consumer is None:
            return False
        if self.stall_detector.outside is not None:
            await self._mind_the_join()
        gone = await self.stall_detector.look()
        if self.resting:
            self.stall_detector.anew()
        elif gone:
            await self._go_on_behind(gone)
        else:
            await self.stops.look()
        await self._mind_new_topics()
        if self._assigned - set(self.claims.held) and not self.resting:
            async with self._still():
                await self._claim_missing()
        return False

    async def _mind_the_join(self) -> None:
        """Nobody can join while the broker is away; its word does not come from the consumer, which may be what is stuck."""
        if self._monotonic() - self._looked > LOOK_AT_TOPICS_SECONDS:
            self._looked = self._monotonic()
            try:
                await self._topic_ids(list(self.subscribes))
            except Unavailable:
                self.stall_detector.leave()
                raise

    async def _go_on_behind(self, begins: Mapping[TopicPartition, int]) -> None:
        """Retention took what nobody had read, and nothing has come after it that would show the hole."""
        async with self._still():
            for partition, begin in begins.items():
                claim = self.claims.held.get(partition)
                if claim is not None and claim.next < begin:
                    self.positions.tell_of_hole(partition, claim.next)
                    try:
                        await self.commits.whole([], {partition: begin})
                    except Fenced:
                        await self._look_again([partition])
                    self.positions.again([partition])

    async def _mind_new_topics(self) -> None:
        """A topic that was deleted and made again has another id: what was handled of it is another log."""
        held = self.claims.held
        ends = {tp: self.source.high(tp) for tp in held}
        shorter = any(high is not None and high < held[tp].next for tp, high in ends.items())
        if not held or not (shorter or self._monotonic() - self._looked > LOOK_AT_TOPICS_SECONDS):
            return
        ids = await self._topic_ids(sorted({tp.topic for tp in held}))
        self._looked = self._monotonic()
        async with self._still():
            for partition, claim in list(held.items()):
                known = ids.get(partition.topic)
                if known is not None and known not in claim.fence["_id"]:
                    del held[partition]
            await self._claim_missing()

    async def stop(self) -> None:
        """Finish what is in hand, tell Kafka how far we are, and leave."""
        self.stopping = True
        async with self._still():
            if self.source.consumer is not None:
                await self.committer.last({tp: claim.next for tp, claim in self.claims.held.items()})
        if self._resuming is not None:
            self._resuming.cancel()
        await self.source.stop()


def _understood(part: Part) -> list[Input]:
    return [read(record_from(raw), raw.timestamp) for raw in part.records]
