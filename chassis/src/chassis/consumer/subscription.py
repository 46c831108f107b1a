"""The consumer of one group: FastStream runs it, it fetches batches of raw records, and only this package commits positions."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any
from zlib import crc32

from aiokafka import ConsumerRebalanceListener, TopicPartition
from aiokafka.client import AIOKafkaClient
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
from faststream.security import BaseSecurity, SASLScram512

from chassis.errors import Unavailable
from chassis.observe.logs import log
from contracts.connection import Connection

BATCH = 500
IDLE_MS = 500
# How long the broker holds a fetch without records. It answers at once when a record arrives, but a seek takes effect with the next
# fetch, and every other request on the connection waits: long only while nothing has arrived or moved for a while.
BUSY_WAIT_MS, QUIET_WAIT_MS, QUIET_SECONDS = 100, 1_000, 2.0
REQUEST_SECONDS = 5.0
# A broker that has just started may return empty metadata; the library would not ask again for 40 s.
START_SECONDS = 15.0
Fetched = dict[TopicPartition, list[Any]]
Take = Callable[[Sequence[Any]], Awaitable[None]]
Ask = Callable[[Sequence[TopicPartition]], Awaitable[Mapping[TopicPartition, int]]]
StepOver = Callable[[int], Awaitable[Fetched]]
Shares = Callable[[], Iterable[Collection[TopicPartition]]]


class RawBatch:
    """A codec that passes records through unchanged: they are decoded one by one elsewhere."""

    async def decode_batch(self, msg: Any) -> Any:
        """The records."""
        return msg.raw_message

    async def decode(self, msg: Any) -> Any:
        """The record."""
        return msg.raw_message

    async def encode_batch(
        self, msgs: Sequence[Any], serializer: Any = None
    ) -> list[tuple[bytes, str | None]]:
        """Not supported: only the relay sends."""
        raise NotImplementedError(serializer, len(msgs))

    async def encode(self, msg: Any, serializer: Any = None) -> tuple[bytes, str | None]:
        """Not supported: only the relay sends."""
        raise NotImplementedError(serializer, msg)


class Subscription:
    """Membership in one group: fetched records go to `take`; after a failed fetch, `step_over` supplies the records.

    `shares` tells which partitions each worker has, so that none waits for records while others have too many.
    `stale` is true when the last fetched records may belong to a topic that no longer exists.
    """

    stale = False
    _moved = 0.0  # when records were last fetched, or a position last set

    def __init__(
        self,
        group: str,
        kafka: Connection,
        instance: str,
        subscribes: Sequence[str],
        listener: ConsumerRebalanceListener,
        take: Take,
        step_over: StepOver,
        shares: Shares,
    ) -> None:
        self._step_over, self._shares = step_over, shares
        self.broker = _broker(kafka, f"{group}-{instance}")
        self._subscriber = self.broker.subscriber(
            *(Topic(name, declare=False) for name in subscribes),
            batch=True,
            group_id=group,
            # A restarted member keeps its assignment: with other topics it must be another member.
            group_instance_id=f"{instance}-{crc32(repr(tuple(subscribes)).encode()):08x}",
            auto_offset_reset="earliest",
            ack_policy=AckPolicy.MANUAL,
            no_reply=True,
            max_records=BATCH,
            batch_timeout_ms=1,  # FastStream sleeps as long as an empty fetch took, and records that arrive then wait: see _getmany
            fetch_max_wait_ms=BUSY_WAIT_MS,
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
    def max_records(self) -> int:
        """How many records one fetch returns at most for each worker."""
        return self._subscriber.max_records or BATCH

    @max_records.setter
    def max_records(self, records: int) -> None:
        self._subscriber.max_records = records

    async def start(self) -> None:
        """Join the group; raises Unavailable while Kafka is down, and then leaves nothing open."""
        try:
            async with asyncio.timeout(START_SECONDS):
                await self.broker.start()
        except (KafkaError, OSError, TimeoutError) as error:
            with suppress(KafkaError, OSError, TimeoutError):
                async with asyncio.timeout(REQUEST_SECONDS):
                    await self._subscriber.stop()
            raise Unavailable(f"kafka: {type(error).__name__}") from error
        self._fetch = self.consumer.getmany
        self._set_wait(BUSY_WAIT_MS)
        # FastStream's loop calls this: it must not raise on bad records.
        self.consumer.getmany = self._getmany

    async def _getmany(self, timeout_ms: int, max_records: int) -> Fetched:
        """Fetch from the consumer; where the library cannot decode a record, use our own reader."""
        self.stale = False
        try:
            found: Fetched = await self._fetch(timeout_ms=max(timeout_ms, IDLE_MS), max_records=max_records)
            if _size(found.values()) == max_records:
                await self._fetch_for_others(found, max_records)
        except Exception as error:
            if not _is_record_error(error):
                raise
            log("record not fetched", level=40, reason=type(error).__name__)
            found = await self._step_over(max_records)
            if not found:
                await asyncio.sleep(IDLE_MS / 1000)
        # Without a pause since the records were taken: the library sends its next fetch as soon as it runs.
        if found:
            self._set_wait(BUSY_WAIT_MS)
        elif time.monotonic() - self._moved > QUIET_SECONDS:
            self._set_wait(QUIET_WAIT_MS)
        return found

    async def _fetch_for_others(self, found: Fetched, max_records: int) -> None:
        """Add what has arrived for the workers that a full fetch left out: the library empties one partition after the other."""
        for partitions in self._shares():
            room = max_records - _size(found.get(tp, ()) for tp in partitions)
            there = self.consumer.assignment().intersection(partitions)
            if room > 0 and there:
                more: Fetched = await self._fetch(*there, timeout_ms=0, max_records=room)
                for partition, records in more.items():
                    found.setdefault(partition, []).extend(records)

    def _set_wait(self, milliseconds: int) -> None:
        """How long the broker holds the next fetches; the library has a setting for all of them only."""
        if milliseconds == BUSY_WAIT_MS:
            self._moved = time.monotonic()
        if self.consumer is not None:
            self.consumer._fetcher._fetch_max_wait_ms = milliseconds

    @property
    def client(self) -> AIOKafkaClient | None:
        """The connections of the consumer, for requests that it does not know; None before the start."""
        return None if self.consumer is None else self.consumer._client

    def highwater(self, partition: TopicPartition) -> int | None:
        """The end offset of the partition as far as the consumer knows it, else None."""
        there = partition in self.consumer.assignment()
        high: int | None = self.consumer.highwater(partition) if there else None
        return high

    def lag(self, partition: TopicPartition, handled: int) -> int | None:
        """How many records wait behind those handled; None when the end offset is unknown."""
        high = self.highwater(partition)
        return None if high is None else max(0, high - handled)

    async def end_offsets(self, partitions: Sequence[TopicPartition]) -> Mapping[TopicPartition, int]:
        """The end offsets, asked from the broker; raises Unavailable when it does not answer."""
        return await self._ask_broker(self.consumer.end_offsets, partitions)

    async def beginning_offsets(self, partitions: Sequence[TopicPartition]) -> Mapping[TopicPartition, int]:
        """The first offsets that retention has kept, asked from the broker; raises Unavailable when it does not answer."""
        return await self._ask_broker(self.consumer.beginning_offsets, partitions)

    async def _ask_broker(
        self, ask: Ask, partitions: Sequence[TopicPartition]
    ) -> Mapping[TopicPartition, int]:
        try:
            async with asyncio.timeout(REQUEST_SECONDS):
                return await ask(partitions)
        except (KafkaError, OSError, TimeoutError) as error:
            raise Unavailable(f"kafka: {type(error).__name__}") from error

    def seek(self, partition: TopicPartition, offset: int) -> None:
        """Fetch from this offset next; does nothing for a partition that is no longer assigned."""
        if self.consumer is not None and partition in self.consumer.assignment():
            self._set_wait(BUSY_WAIT_MS)
            self.consumer.seek(partition, offset)

    def pause_partition(self, partition: TopicPartition) -> None:
        """Fetch nothing from this partition until it is resumed or reassigned."""
        if self.consumer is not None and partition in self.consumer.assignment():
            self.consumer.pause(partition)

    def resume_partition(self, partition: TopicPartition) -> None:
        """Fetch from this partition again."""
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
        """Commit offsets to Kafka; raises what the library raises."""
        await self.consumer.commit(dict(ends))

    async def stop(self) -> None:
        """Leave the group."""
        await self.broker.stop()


def _size(parts: Iterable[Sequence[Any]]) -> int:
    return sum(len(records) for records in parts)


def _is_record_error(error: Exception) -> bool:
    """Whether a fetch failed on the fetched data: each decoder has its own errors, the library has two."""
    if isinstance(error, CorruptRecordException | UnsupportedCodecError):
        return True
    return not isinstance(error, KafkaError | ConsumerStoppedError | IllegalOperation)


async def _keep_raw(message: Any) -> Any:
    """FastStream's parser fails on a whole batch for one bad header; this one does not parse."""
    return KafkaMessage(body=b"", headers={}, raw_message=message, consumer=FAKE_CONSUMER)


def _broker(kafka: Connection, name: str) -> KafkaBroker:
    return KafkaBroker(
        kafka.each,
        security=security_of(kafka),
        client_id=name,
        consumer_only=True,
        allow_auto_create_topics=False,
        metadata_max_age_ms=10_000,  # how long a recreated topic can go unnoticed
        apply_types=False,
        logger=None,
    )


def security_of(connection: Connection) -> BaseSecurity:
    """User, password and trusted certificate as FastStream expects them."""
    if connection.user:
        return SASLScram512(connection.user, connection.password, connection.tls())
    return BaseSecurity(connection.tls())
