"""Delivery: records in batches, each handled once, whatever dies in between; MongoDB is the truth, offsets are advice."""

import asyncio
import random
import time
from collections import Counter, deque
from collections.abc import Mapping, Sequence
from typing import Any
from zlib import crc32

from aiokafka import ConsumerRebalanceListener, TopicPartition
from aiokafka.errors import CorruptRecordException, KafkaError, UnsupportedCodecError
from faststream import AckPolicy
from faststream.kafka import KafkaBroker
from faststream.kafka.message import FAKE_CONSUMER, KafkaMessage
from faststream.kafka.schemas import Topic

from chassis.claims import Claims
from chassis.clock import Clock
from chassis.crash import CrashPoints
from chassis.errors import Conflict, Fenced, Unavailable
from chassis.inputs import Ending, Outcome
from chassis.kafka_security import security
from chassis.lenient import fetch
from chassis.logs import log
from chassis.metrics import Metrics
from chassis.records import read, record_from, runs
from chassis.topic_ids import topic_ids
from chassis.turn import Turns
from contracts.connection import Connection

SMALLEST, BATCH, LARGEST = 20, 500, 1_000
SLOW_SECONDS = 1.0
PARK_LIMIT, RECENT = 20, 200
Parts = dict[TopicPartition, list[Any]]


class RawBatch:
    """A codec that hands the records through as they are: reading them is our own, record by record."""

    async def decode_batch(self, msg: Any) -> Any:
        """The records."""
        return msg.raw_message

    async def decode(self, msg: Any) -> Any:
        """The record."""
        return msg.raw_message

    async def encode_batch(
        self, msgs: Sequence[Any], serializer: Any = None
    ) -> list[tuple[bytes, str | None]]:
        """Not for sending: the relay does that."""
        raise NotImplementedError(serializer, len(msgs))

    async def encode(self, msg: Any, serializer: Any = None) -> tuple[bytes, str | None]:
        """Not for sending: the relay does that."""
        raise NotImplementedError(serializer, msg)


class Delivery(ConsumerRebalanceListener):  # type: ignore[misc]
    """One consumer group of one service, in one process."""

    def __init__(
        self,
        group: str,
        kafka: Connection,
        instance: str,
        hears: Sequence[str],
        claims: Claims,
        turns: Turns,
        clock: Clock,
    ) -> None:
        self.group, self.kafka, self.hears = group, kafka, tuple(hears)
        self.claims, self.turns, self.clock = claims, turns, clock
        self.metrics: Metrics = turns.metrics
        self.crash: CrashPoints = turns.crash
        self.progress = time.monotonic()
        self.behind = False
        self.resting: str = ""
        self.stopping = False
        self._busy = asyncio.Lock()
        self._assigned: set[TopicPartition] = set()
        self._holes: dict[TopicPartition, int] = {}
        self._rests = 0
        self._recent: deque[bool] = deque(maxlen=RECENT)
        self._tasks: set[asyncio.Task[None]] = set()
        self.broker = KafkaBroker(
            kafka.servers,
            security=security(kafka),
            client_id=f"{group}-{instance}",
            consumer_only=True,
            allow_auto_create_topics=False,
            apply_types=False,
            logger=None,
        )
        self._subscriber = self.broker.subscriber(
            *(Topic(name, declare=False) for name in hears),
            batch=True,
            group_id=group,
            group_instance_id=f"{instance}-{crc32(repr(self.hears).encode()):08x}",
            auto_offset_reset="earliest",
            ack_policy=AckPolicy.MANUAL,
            no_reply=True,
            max_records=BATCH,
            batch_timeout_ms=20,
            fetch_max_wait_ms=100,
            max_partition_fetch_bytes=1_048_576,
            session_timeout_ms=15_000,
            heartbeat_interval_ms=2_000,
            rebalance_timeout_ms=30_000,
            listener=self,
            parser=_keep_raw,
            codec=RawBatch(),
        )
        self._subscriber(self.take)

    @property
    def _consumer(self) -> Any:
        return self._subscriber.consumer

    async def start(self) -> None:
        """Join the group; raises Unavailable while Kafka is away."""
        try:
            await self.broker.start()
        except (KafkaError, OSError, TimeoutError) as error:
            raise Unavailable(f"kafka: {type(error).__name__}") from error
        self._fetch = self._consumer.getmany
        self._consumer.getmany = (
            self._getmany
        )  # FastStream's loop asks the consumer: it must survive the answer

    async def _getmany(self, **limits: Any) -> Parts:
        """What the consumer fetches; where the library cannot read a record, our own reader goes on."""
        try:
            found: Parts = await self._fetch(**limits)
        except (UnicodeDecodeError, CorruptRecordException, UnsupportedCodecError) as error:
            log("a record cannot be fetched", level=40, group=self.group, reason=type(error).__name__)
            self.metrics.resought.labels("unfetchable").inc()
            async with self._busy:
                return await self._step_over(limits["max_records"])
        return found

    async def _step_over(self, limit: int) -> Parts:
        """Read every partition that has something with our own reader: which one is bad the library does not say."""
        waiting = {tp: claim.next for tp, claim in self.claims.held.items() if self._lag(tp, claim.next) != 0}
        try:
            found: Parts = {
                tp: raws[:limit] for tp, raws in (await fetch(self.kafka, waiting)).items() if raws
            }
        except Unavailable as away:
            self._rest(str(away))
            return {}
        for partition, raws in found.items():
            self._seek(partition, raws[-1].offset + 1)
        return found

    def _lag(self, partition: TopicPartition, handled: int) -> int | None:
        """How many records wait, as far as the consumer has been told; None when it has not."""
        high = self._high(partition)
        return None if high is None else max(0, high - handled)

    def _high(self, partition: TopicPartition) -> int | None:
        there = partition in self._consumer.assignment()
        high: int | None = self._consumer.highwater(partition) if there else None
        return high

    async def on_partitions_revoked(self, _: set[TopicPartition]) -> None:
        """Finish the batch in hand, then let go."""
        async with self._busy:
            self.claims.held.clear()
            self._assigned = set()
            self.metrics.assigned.set(0)

    async def on_partitions_assigned(self, assigned: set[TopicPartition]) -> None:
        """Claim and seek; until both are done nothing of these partitions is handled."""
        self._assigned = set(assigned)
        self.metrics.rebalances.inc()
        self.metrics.assigned.set(len(assigned))
        async with self._busy:
            await self._claim_missing()

    async def _topic_ids(self, topics: list[str]) -> dict[str, str]:
        return await topic_ids(self.kafka, topics)

    async def _claim_missing(self) -> None:
        missing = sorted(self._assigned - set(self.claims.held))
        if not missing:
            return
        try:
            ids = await self._topic_ids(sorted({tp.topic for tp in missing}))
            for partition in missing:
                claim = await self.claims.take(partition, ids[partition.topic])
                self._consumer.seek(partition, claim.next)
        except (Unavailable, Conflict) as away:
            self._rest(str(away))

    async def take(self, records: Sequence[Any]) -> None:
        """Handle what was fetched, wholly or not at all; never raises."""
        if self.stopping:
            return
        async with self._busy:
            parts: Parts = {}
            try:
                self.crash.at("delivery.fetched")
                parts = self._expected(records)
                if parts:
                    await self._commit(parts)
            except Unavailable as away:
                self._rewind(parts)
                self._rest(str(away))
            except Fenced:
                await self._look_again(parts)
            except Exception as error:  # noqa: BLE001 - FastStream would go on with the next batch: it must not
                log("batch failed", level=40, error=error, group=self.group)
                self._rewind(parts)
                self._rest(type(error).__name__)

    def _expected(self, records: Sequence[Any]) -> Parts:
        """The records that follow on from what is handled; the others are dropped and sought again."""
        fetched: Parts = {}
        for raw in records:
            fetched.setdefault(TopicPartition(raw.topic, raw.partition), []).append(raw)
        parts: Parts = {}
        for partition, found in fetched.items():
            claim = self.claims.held.get(partition)
            if claim is None:
                self.metrics.resought.labels("unclaimed").inc()
                continue
            ours, after_hole = runs(found, claim.next)
            if after_hole is not None and not ours and self._holes.get(partition) == after_hole:
                ours, after_hole = runs(found, after_hole)
                log(
                    "hole accepted",
                    level=40,
                    topic=partition.topic,
                    partition=partition.partition,
                    next=claim.next,
                )
                self.metrics.resought.labels("hole-accepted").inc()
            if after_hole is not None:
                self._holes[partition] = after_hole
                self.metrics.resought.labels("hole").inc()
                self._seek(partition, ours[-1].offset + 1 if ours else claim.next)
            else:
                self._holes.pop(partition, None)
            if ours:
                parts[partition] = ours
        return parts

    async def _commit(self, parts: Parts) -> None:
        inputs = [read(record_from(raw), raw.timestamp) for found in parts.values() for raw in found]
        ends = {partition: found[-1].offset + 1 for partition, found in parts.items()}
        began = time.perf_counter()
        outcomes = await self.turns.run(
            self.claims.lane, inputs, lambda tx: self.claims.fence(tx, ends), self._not_too_many
        )
        self._recent.extend(outcome.ending is Ending.FAILED for outcome in outcomes)
        self.crash.at("delivery.committed")
        for partition, end in ends.items():
            self.claims.held[partition].fence = self.claims.held[partition].moved(end)
        self._rests = 0
        self.progress = time.monotonic()
        self._adapt(len(inputs), time.perf_counter() - began)
        self._account(outcomes, time.perf_counter() - began)
        self._advise(ends)

    def _not_too_many(self, outcomes: Sequence[Outcome]) -> None:
        """When most of what comes meets a bug it is the program that is broken: stop, and park nothing more."""
        recent = [*self._recent, *(outcome.ending is Ending.FAILED for outcome in outcomes)][-RECENT:]
        if sum(recent) > max(PARK_LIMIT, len(recent) // 2):
            raise Unavailable(f"{sum(recent)} of the last {len(recent)} records met a bug: a bad deploy?")

    def _adapt(self, size: int, seconds: float) -> None:
        """Larger batches while they are quick, smaller ones while a transaction takes long."""
        most = self._subscriber.max_records or BATCH
        if seconds > SLOW_SECONDS:
            self._subscriber.max_records = max(SMALLEST, most // 2)
        elif size >= most:
            self._subscriber.max_records = min(LARGEST, most + 100)

    def stands_still(self, seconds: float) -> bool:
        """Records wait, nothing outside is known to be down, and nothing has been handled for so long."""
        return self.behind and not self.resting and time.monotonic() - self.progress > seconds

    def _account(self, outcomes: Sequence[Outcome], seconds: float) -> None:
        now = self.clock()
        ended: Counter[tuple[str, str]] = Counter()
        stage = self.metrics.stage.labels(self.group)
        for outcome in outcomes:
            record, ending, accepted = outcome.input.record, outcome.ending, outcome.input.lineage.accepted
            assert record is not None
            ended[record.topic, ending.value] += 1
            if ending in (Ending.PARKED, Ending.FAILED, Ending.EARLY):
                log(
                    "parked",
                    level=40,
                    error=outcome.error,
                    topic=record.topic,
                    offset=record.offset,
                    reason=ending.value,
                )
            elif ending is Ending.DONE and accepted is not None:
                stage.observe(max(0.0, (now - accepted).total_seconds()))
        for (topic, word), count in ended.items():
            self.metrics.consumed.labels(topic, word).inc(count)
            if word in (Ending.PARKED, Ending.FAILED, Ending.EARLY):
                self.metrics.parked.labels(topic, word).inc(count)
        self.metrics.progress.set(now.timestamp())
        some = sorted({outcome.input.lineage.correlation for outcome in outcomes[:20]})
        counts: dict[str, Any] = {f"{topic} {word}": count for (topic, word), count in ended.items()}
        log(
            "batch",
            group=self.group,
            ms=round(seconds * 1000, 1),
            events=len(outcomes),
            correlations=some,
            **counts,
        )

    def _advise(self, ends: Mapping[TopicPartition, int]) -> None:
        """Tell Kafka how far we are, for its tools; nothing depends on it."""
        self._background(self._commit_offsets(dict(ends)))

    async def _commit_offsets(self, ends: dict[TopicPartition, int]) -> None:
        try:
            await asyncio.wait_for(self._consumer.commit(ends), 5.0)
            self.crash.at("delivery.offsets")
        except (KafkaError, OSError, TimeoutError, ValueError, AttributeError) as error:
            log("offsets not committed", level=30, reason=type(error).__name__)

    def _seek(self, partition: TopicPartition, offset: int) -> None:
        if self._consumer is not None and partition in self._consumer.assignment():
            self._consumer.seek(partition, offset)

    def _rewind(self, parts: Parts) -> None:
        for partition in parts:
            claim = self.claims.held.get(partition)
            if claim is not None:
                self._seek(partition, claim.next)

    async def _look_again(self, parts: Parts) -> None:
        try:
            for partition in parts:
                if await self.claims.look(partition):
                    self._seek(partition, self.claims.held[partition].next)
                else:
                    log("fenced out", level=30, topic=partition.topic, partition=partition.partition)
                    self.metrics.resought.labels("fenced").inc()
        except Unavailable as away:
            self._rewind(parts)
            self._rest(str(away))

    def _rest(self, reason: str) -> None:
        """Stop reading but stay in the group, and try again after a growing pause."""
        if self._consumer is None:
            return
        self._rests += 1
        self.resting = reason
        self.metrics.paused.set(1)
        log("reading rests", level=30, group=self.group, reason=reason)
        self._consumer.pause(*self._consumer.assignment())
        self._background(self._resume(min(5.0, 0.1 * 2 ** min(self._rests, 8)) * random.uniform(0.5, 1)))

    async def _resume(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
        async with self._busy:
            self.resting = ""
            self.metrics.paused.set(0)
            for partition, claim in self.claims.held.items():
                self._seek(partition, claim.next)
            await self._claim_missing()
            if not self.resting and self._consumer is not None:
                self._consumer.resume(*self._consumer.assignment())

    async def watch(self) -> bool:
        """Measure the lag, and claim what a lost claim left behind; called from a loop."""
        if self._consumer is None:
            return False
        behind = False
        for partition, claim in list(self.claims.held.items()):
            lag = self._lag(partition, claim.next)
            if lag is not None:
                self.metrics.lag.labels(self.group, partition.topic, str(partition.partition)).set(lag)
                behind = behind or lag > 0
        if not behind:
            self.progress = time.monotonic()
        self.behind = behind
        await self._mind_new_topics()
        if self._assigned - set(self.claims.held) and not self.resting:
            async with self._busy:
                await self._claim_missing()
        return False

    async def _mind_new_topics(self) -> None:
        """A log that ends before what is handled is not the log that was handled: the topic was made again."""
        held = self.claims.held
        shorter = [tp for tp in held if (high := self._high(tp)) is not None and high < held[tp].next]
        if not shorter:
            return
        ids = await self._topic_ids(sorted({tp.topic for tp in shorter}))
        async with self._busy:
            for partition in shorter:
                claim = held.get(partition)
                if claim is not None and ids[partition.topic] not in claim.fence["_id"]:
                    log(
                        "topic was made again", level=50, topic=partition.topic, partition=partition.partition
                    )
                    self.metrics.resought.labels("topic-made-again").inc()
                    del held[partition]
            await self._claim_missing()

    def _background(self, work: Any) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def stop(self) -> None:
        """Finish the batch in hand, tell Kafka how far we are, and leave."""
        self.stopping = True
        async with self._busy:
            if self._consumer is not None and self.claims.held:
                await self._commit_offsets({tp: claim.next for tp, claim in self.claims.held.items()})
        for task in list(self._tasks):
            task.cancel()
        await self.broker.stop()


async def _keep_raw(message: Any) -> Any:
    """FastStream's own parser loses a whole batch on one bad header: this one looks at nothing."""
    return KafkaMessage(body=b"", headers={}, raw_message=message, consumer=FAKE_CONSUMER)
