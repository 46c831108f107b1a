"""Delivery: records are handled in batches, each exactly once across crashes; the positions are in MongoDB, Kafka's offsets are informative."""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

from aiokafka import ConsumerRebalanceListener, TopicPartition

from chassis.clock import Clock
from chassis.consumer.batch_committer import BatchCommitter
from chassis.consumer.claims import Claims
from chassis.consumer.fetch_positions import FetchPositions, Parts
from chassis.consumer.offset_committer import OffsetCommitter
from chassis.consumer.records import read, record_from
from chassis.consumer.stall_detector import StallDetector
from chassis.consumer.stopped_partitions import StoppedPartitions
from chassis.consumer.subscription import Fetched, Subscription
from chassis.consumer.topic_ids import ask_topic_ids, topic_ids
from chassis.errors import Conflict, Fenced, Unavailable
from chassis.observe.logs import log
from chassis.transaction.inputs import Input
from chassis.transaction.unit_of_work import UnitOfWork
from contracts.connection import Connection

TOPIC_CHECK_SECONDS = 5.0


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
        self.group, self.kafka, self.subscribes, self.claims = group, kafka, tuple(subscribes), claims
        self.metrics, self.crash = unit_of_work.metrics, unit_of_work.crash
        self.pause_reason, self.stopping = "", False
        self._busy = asyncio.Lock()
        self._assigned: set[TopicPartition] = set()
        self._working: dict[bytes, asyncio.Task[None]] = {}
        self._failures: dict[bytes, int] = {}
        self._monotonic, self._topics_checked = monotonic, 0.0
        self._resuming: asyncio.Task[None] | None = None
        self.source = self._subscribe(instance)
        self.stall_detector = StallDetector(group, claims, self.source, self.metrics, monotonic)
        self.batch_committer = BatchCommitter(
            group, claims, unit_of_work, self.source, self.stall_detector, clock
        )
        self.positions = FetchPositions(claims, self.source.seek, self.metrics)
        self.offset_committer = OffsetCommitter(self.source, self.crash)
        self.stopped_partitions = StoppedPartitions(kafka, claims, self.source, self.metrics, monotonic)
        self.stall_detector.stopped = self.stopped_partitions.stopped

    def _subscribe(self, instance: str) -> Subscription:
        calls = self.handle_batch, self._step_over, self.claims.shares
        return Subscription(self.group, self.kafka, instance, self.subscribes, self, *calls)

    async def start(self) -> None:
        """Join the group; raises Unavailable while Kafka is down."""
        self.stall_detector.left_group()
        await self.source.start()

    async def _step_over(self, limit: int) -> Fetched:
        """Read every partition that has records with our own reader, because the library does not say which one failed."""
        self.metrics.resought.labels("unfetchable").inc()
        async with self._busy:
            offsets = {tp: self.positions.next_offset(tp) for tp in self.claims.held}
            waiting = {tp: offset for tp, offset in offsets.items() if self.source.lag(tp, offset) != 0}
            try:
                return await self.stopped_partitions.read(waiting, limit)
            except Unavailable as away:
                self._pause_reading(b"", str(away))
                return {}

    async def on_partitions_revoked(self, _: set[TopicPartition]) -> None:
        """Finish the batches in progress, then release the partitions."""
        async with self._quiesced():
            self.offset_committer.cancel()
            self.stall_detector.left_group()
            self.claims.held.clear()
            self.stopped_partitions.clear()
            self._assigned = set()
            self.metrics.assigned.set(0)

    async def on_partitions_assigned(self, assigned: set[TopicPartition]) -> None:
        """Claim and seek; no record of these partitions is handled before both are done."""
        self._assigned = set(assigned)
        self.stall_detector.joined_group()
        self.metrics.rebalances.inc()
        self.metrics.assigned.set(len(assigned))
        async with self._quiesced():
            await self._claim_missing()

    async def _topic_ids(self, topics: list[str]) -> dict[str, str]:
        """On the consumer's connections while it holds its partitions; before, the consumer may be what is stuck."""
        client = self.source.client
        if client is not None and self._assigned and self._assigned <= set(self.claims.held):
            return await ask_topic_ids(client, topics)
        return await topic_ids(self.kafka, topics)

    async def _claim_missing(self) -> None:
        missing = sorted(self._assigned - set(self.claims.held))
        if not missing:
            return
        try:
            ids = await self._topic_ids(sorted({tp.topic for tp in missing}))
            claims = (self._claim(partition, ids[partition.topic]) for partition in missing)
            for error in filter(None, await asyncio.gather(*claims, return_exceptions=True)):
                raise error
            # A former owner may have died before it committed offsets: tools would show a lag that does not exist.
            self.offset_committer.schedule(
                {partition: self.claims.held[partition].next for partition in missing}
            )
        except (Unavailable, Conflict) as away:
            self._pause_reading(b"", str(away))
        except Exception as error:  # noqa: BLE001 - an error raised here would leave reading paused forever
            log("claim failed", level=40, error=error, group=self.group)
            self._pause_reading(b"", type(error).__name__)

    async def _claim(self, partition: TopicPartition, topic_id: str) -> None:
        claim = await self.claims.acquire(partition, topic_id)
        self.positions.rewind([partition])
        self.source.stale = True
        if claim.topic_recreated:
            log("topic recreated", level=50, topic=partition.topic, partition=partition.partition)
            self.metrics.resought.labels("topic-made-again").inc()

    async def handle_batch(self, records: Sequence[Any]) -> None:
        """Dispatch fetched records to their workers as these become free; never raises, and never waits for a commit."""
        if self.stopping:
            return
        async with self._busy:
            try:
                if self.source.stale:
                    self.positions.rewind(list(self.claims.held))
                    return
                self.crash.at("delivery.fetched")
                shares = self.claims.by_worker(self.positions.accept(records))
                await asyncio.gather(*(self._dispatch(worker, parts) for worker, parts in shares.items()))
            except Exception as error:  # noqa: BLE001 - FastStream would continue with the next batch
                log("batch failed", level=40, error=error, group=self.group)
                self._pause_reading(b"", type(error).__name__)

    async def _dispatch(self, worker: bytes, parts: Parts) -> None:
        """Decode a part while its worker still commits the previous one, then start the worker on it."""
        inputs = {
            tp: [read(record_from(raw), raw.timestamp) for raw in part.records] for tp, part in parts.items()
        }
        if worker in self._working:
            await asyncio.wait([self._working[worker]])
        self._working[worker] = asyncio.get_running_loop().create_task(self._handle(worker, parts, inputs))

    @asynccontextmanager
    async def _quiesced(self) -> AsyncIterator[None]:
        """Inside this block nothing is being handled, and nothing starts."""
        async with self._busy:
            if self._working:
                await asyncio.wait(self._working.values())
            yield

    async def _handle(
        self, worker: bytes, parts: Parts, inputs: Mapping[TopicPartition, list[Input]]
    ) -> None:
        """Commit one worker's part atomically; pauses reading on failure, and never raises."""
        ours = self.positions.in_sequence(parts)
        try:
            if ours:
                await self._commit(ours, [item for tp in ours for item in inputs[tp]])
        except Unavailable as away:
            failure = str(away)
        except Fenced:
            failure = await self.batch_committer.check_claims(ours)
        except Exception as error:  # noqa: BLE001 - the other worker's part must not fail with it
            log("batch failed", level=40, error=error, group=self.group)
            failure = type(error).__name__
        else:
            self._failures.pop(worker, None)
            return
        self.positions.rewind(ours)
        if failure:
            self._pause_reading(worker, failure)

    async def _commit(self, parts: Parts, inputs: Sequence[Input]) -> None:
        ends = {partition: part.end for partition, part in parts.items()}
        await self.batch_committer.commit(inputs, ends)
        self.offset_committer.schedule(ends)

    def is_stalled(self, seconds: float) -> bool:
        """Records wait, no dependency is known to be down, and nothing has been handled for `seconds`."""
        return not self.pause_reason and self.stall_detector.is_stalled(seconds)

    def _pause_reading(self, worker: bytes, reason: str) -> None:
        """Pause fetching without leaving the group, and retry after a delay that grows while any worker fails."""
        if not self.source.pause():
            return
        self._failures[worker] = self._failures.get(worker, 0) + 1
        log("reading paused", level=30, group=self.group, reason=reason)
        if not self.pause_reason:
            self.pause_reason = reason
            self.metrics.paused.set(1)
            longest = min(5.0, 0.1 * 2 ** min(max(self._failures.values()), 8))
            pause = longest * random.uniform(0.5, 1)
            self._resuming = asyncio.get_running_loop().create_task(self._resume(pause))

    async def _resume(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
        async with self._quiesced():
            self.pause_reason = ""
            self.metrics.paused.set(0)
            self.positions.rewind(list(self.claims.held))
            await self._claim_missing()
            if not self.pause_reason:
                self._failures.pop(b"", None)
                self.source.resume()

    async def watch(self) -> bool:
        """Measure the lag and claim what a lost claim left unclaimed; called from a loop."""
        if self.source.consumer is None:
            return False
        if self.stall_detector.left_at is not None:
            await self._check_group_join()
        # Before the requests to the broker, which may wait behind a fetch.
        if not self.pause_reason and self.batch_committer.is_behind():
            async with self._quiesced():
                await self.batch_committer.move_fences()
        if self._assigned - set(self.claims.held) and not self.pause_reason:
            async with self._quiesced():
                await self._claim_missing()
        deleted = await self.stall_detector.check()
        if self.pause_reason:
            self.stall_detector.reset()
        elif deleted:
            await self._skip_deleted(deleted)
        else:
            await self.stopped_partitions.check()
        await self._check_topic_ids()
        return False

    async def _check_group_join(self) -> None:
        """Nobody can join while the broker is down; this asks with a client of its own, because the consumer may be what is stuck."""
        if self._monotonic() - self._topics_checked > TOPIC_CHECK_SECONDS:
            self._topics_checked = self._monotonic()
            try:
                await self._topic_ids(list(self.subscribes))
            except Unavailable:
                self.stall_detector.left_group()
                raise

    async def _skip_deleted(self, begins: Mapping[TopicPartition, int]) -> None:
        """Move on where retention has deleted unread records and no later record reveals the gap."""
        async with self._quiesced():
            for partition, begin in begins.items():
                claim = self.claims.held.get(partition)
                if claim is not None and claim.next < begin:
                    self.positions.accept_gap(partition, claim.next)
                    try:
                        await self.batch_committer.commit_once([], {partition: begin})
                    except Fenced:
                        await self.batch_committer.check_claims([partition])
                    self.positions.rewind([partition])

    async def _check_topic_ids(self) -> None:
        """A topic that was deleted and created again has another id, and its offsets belong to another log."""
        held = self.claims.held
        ends = {tp: self.source.highwater(tp) for tp in held}
        shorter = any(high is not None and high < held[tp].next for tp, high in ends.items())
        if not held or not (shorter or self._monotonic() - self._topics_checked > TOPIC_CHECK_SECONDS):
            return
        ids = await self._topic_ids(sorted({tp.topic for tp in held}))
        self._topics_checked = self._monotonic()
        async with self._quiesced():
            for partition, claim in list(held.items()):
                known = ids.get(partition.topic)
                if known is not None and known not in claim.fence["_id"]:
                    del held[partition]
            await self._claim_missing()

    async def stop(self) -> None:
        """Finish the batches in progress, commit the offsets to Kafka, and leave the group."""
        self.stopping = True
        async with self._quiesced():
            if self.source.consumer is not None:
                await self.offset_committer.flush({tp: claim.next for tp, claim in self.claims.held.items()})
        if self._resuming is not None:
            self._resuming.cancel()
        await self.source.stop()
