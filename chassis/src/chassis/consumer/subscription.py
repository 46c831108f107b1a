"""The consumer of one group, as FastStream runs it: batches of raw records, acknowledged by nobody but us."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any
from zlib import crc32

from aiokafka import ConsumerRebalanceListener, TopicPartition
from aiokafka.errors import (
    ConsumerStoppedError,
    CorruptRecordException,
    IllegalOperation,
    KafkaError,
    UnsupportedCodecError,
)
from faststream import AckPolicy
from faststream.kafka import KafkaBroker
from faststream.kafka.message import FAKE_CONSUMER, KafkaMessage
from faststream.kafka.schemas import Topic

from chassis.consumer.kafka_security import security
from chassis.errors import Unavailable
from chassis.observe.logs import log
from contracts.connection import Connection

BATCH = 500
IDLE_MS = 500
ASK_SECONDS = 5.0
# A broker that has just come up may know of no broker; the library would ask it nothing for 40 s.
START_SECONDS = 15.0
Fetched = dict[TopicPartition, list[Any]]
Take = Callable[[Sequence[Any]], Awaitable[None]]
Ask = Callable[[Sequence[TopicPartition]], Awaitable[Mapping[TopicPartition, int]]]
StepOver = Callable[[int], Awaitable[Fetched]]


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


class Subscription:
    """Membership in one group: what is fetched goes to `take`, what cannot be fetched is asked of `step_over`.

    `stale` says that what was fetched last may be of a topic that is not there any more.
    """

    stale = False

    def __init__(
        self,
        group: str,
        kafka: Connection,
        instance: str,
        subscribes: Sequence[str],
        listener: ConsumerRebalanceListener,
        take: Take,
        step_over: StepOver,
    ) -> None:
        self._step_over = step_over
        self.broker = _broker(kafka, f"{group}-{instance}")
        self._subscriber = self.broker.subscriber(
            *(Topic(name, declare=False) for name in subscribes),
            batch=True,
            group_id=group,
            # A restarted member gets back what it had: with other topics it must be another member.
            group_instance_id=f"{instance}-{crc32(repr(tuple(subscribes)).encode()):08x}",
            auto_offset_reset="earliest",
            ack_policy=AckPolicy.MANUAL,
            no_reply=True,
            max_records=BATCH,
            batch_timeout_ms=1,  # FastStream rests as long as it has waited in vain, and what comes then waits: see _getmany
            fetch_max_wait_ms=100,
            max_partition_fetch_bytes=1_048_576,
            session_timeout_ms=15_000,
            heartbeat_interval_ms=2_000,
            rebalance_timeout_ms=30_000,
            listener=listener,
            parser=_keep_raw,
            codec=RawBatch(),
        )
        self._subscriber(take)

    @property
    def consumer(self) -> Any:
        """The client library's consumer; None before the start."""
        return self._subscriber.consumer

    @property
    def most(self) -> int:
        """How many records come at once, at most."""
        return self._subscriber.max_records or BATCH

    @most.setter
    def most(self, records: int) -> None:
        self._subscriber.max_records = records

    async def start(self) -> None:
        """Join the group; raises Unavailable while Kafka is away, and nothing of the trial is left then."""
        try:
            async with asyncio.timeout(START_SECONDS):
                await self.broker.start()
        except (KafkaError, OSError, TimeoutError) as error:
            with suppress(KafkaError, OSError, TimeoutError):
                async with asyncio.timeout(ASK_SECONDS):
                    await self._subscriber.stop()
            raise Unavailable(f"kafka: {type(error).__name__}") from error
        self._fetch = self.consumer.getmany
        # FastStream's loop asks the consumer: it must survive the answer.
        self.consumer.getmany = self._getmany

    async def _getmany(self, timeout_ms: int, max_records: int) -> Fetched:
        """What the consumer fetches; where the library cannot read a record, our own reader goes on."""
        self.stale = False
        try:
            found: Fetched = await self._fetch(timeout_ms=max(timeout_ms, IDLE_MS), max_records=max_records)
        except Exception as error:
            if not _of_a_record(error):
                raise
            log("a record cannot be fetched", level=40, reason=type(error).__name__)
            found = await self._step_over(max_records)
            if not found:
                await asyncio.sleep(IDLE_MS / 1000)
        return found

    def high(self, partition: TopicPartition) -> int | None:
        """Where the partition ends, as far as the consumer has been told; None when it has not."""
        there = partition in self.consumer.assignment()
        high: int | None = self.consumer.highwater(partition) if there else None
        return high

    def lag(self, partition: TopicPartition, handled: int) -> int | None:
        """How many records wait behind those handled; None when nobody has said."""
        high = self.high(partition)
        return None if high is None else max(0, high - handled)

    async def ends(self, partitions: Sequence[TopicPartition]) -> Mapping[TopicPartition, int]:
        """Where partitions end by the broker's own word; raises Unavailable when it does not say."""
        return await self._told(self.consumer.end_offsets, partitions)

    async def begins(self, partitions: Sequence[TopicPartition]) -> Mapping[TopicPartition, int]:
        """Where partitions begin, everything before having been removed; raises Unavailable when nobody says."""
        return await self._told(self.consumer.beginning_offsets, partitions)

    async def _told(self, ask: Ask, partitions: Sequence[TopicPartition]) -> Mapping[TopicPartition, int]:
        try:
            async with asyncio.timeout(ASK_SECONDS):
                return await ask(partitions)
        except (KafkaError, OSError, TimeoutError) as error:
            raise Unavailable(f"kafka: {type(error).__name__}") from error

    def seek(self, partition: TopicPartition, offset: int) -> None:
        """Fetch from there next; nothing happens for a partition that is not ours any more."""
        if self.consumer is not None and partition in self.consumer.assignment():
            self.consumer.seek(partition, offset)

    def hold(self, partition: TopicPartition) -> None:
        """Fetch nothing of this partition until it is let go, or given out anew."""
        if self.consumer is not None and partition in self.consumer.assignment():
            self.consumer.pause(partition)

    def let_go(self, partition: TopicPartition) -> None:
        """Fetch of this partition again."""
        if self.consumer is not None and partition in self.consumer.assignment():
            self.consumer.resume(partition)

    def pause(self) -> bool:
        """Fetch nothing until `resume`, and stay in the group; false before the start."""
        if self.consumer is None:
            return False
        self.consumer.pause(*self.consumer.assignment())
        return True

    def resume(self) -> None:
        """Fetch again."""
        if self.consumer is not None:
            self.consumer.resume(*self.consumer.assignment())

    async def commit(self, ends: Mapping[TopicPartition, int]) -> None:
        """Tell Kafka how far we are; raises what the library raises."""
        await self.consumer.commit(dict(ends))

    async def stop(self) -> None:
        """Leave the group."""
        await self.broker.stop()


def _of_a_record(error: Exception) -> bool:
    """Whether a fetch failed on what was fetched: every decoder has errors of its own, the library has two."""
    if isinstance(error, CorruptRecordException | UnsupportedCodecError):
        return True
    return not isinstance(error, KafkaError | ConsumerStoppedError | IllegalOperation)


async def _keep_raw(message: Any) -> Any:
    """FastStream's own parser loses a whole batch on one bad header: this one looks at nothing."""
    return KafkaMessage(body=b"", headers={}, raw_message=message, consumer=FAKE_CONSUMER)


def _broker(kafka: Connection, name: str) -> KafkaBroker:
    return KafkaBroker(
        kafka.each,
        security=security(kafka),
        client_id=name,
        consumer_only=True,
        allow_auto_create_topics=False,
        metadata_max_age_ms=10_000,  # so long can a topic that was made again go unnoticed
        apply_types=False,
        logger=None,
    )
