"""The relay: sends committed events from the outbox to Kafka, in order per subject; after a crash some are sent twice."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError
from aiokafka.partitioner import murmur2

from chassis.clock import Clock
from chassis.documents import Raw
from chassis.errors import Unavailable
from chassis.observe.crash_points import CrashPoints
from chassis.observe.logs import log
from chassis.observe.metrics import Metrics
from chassis.observe.tracing import Tracer
from chassis.outbox.publish_spans import PublishSpans
from chassis.outbox.scan import SWEEP, OutboxScan
from chassis.outbox.sent import mark_sent
from chassis.store.port import Store
from chassis.store.shard_leases import ShardLeases
from contracts.connection import Connection
from contracts.envelope import Envelope

SEND_SECONDS = 15.0
LOOKUP_SECONDS = 3.0
LOOKUP_EVERY_SECONDS = 30.0

Target = tuple[str, int]


@dataclass
class Relay:
    """Sends the events of the shards that this process holds; a partition stops at its first failure."""

    service: str
    kafka: Connection
    store: Store
    shard_leases: ShardLeases
    metrics: Metrics
    crash: CrashPoints
    clock: Clock
    outbox_scan: OutboxScan = field(init=False)
    producer: AIOKafkaProducer | None = None
    tracer: Tracer | None = None
    _counts: dict[str, tuple[int, float]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        leases = self.shard_leases
        self.outbox_scan = OutboxScan(self.store, leases.monotonic, self.record_age, leases.is_held_since)

    def record_age(self, oldest: Raw | None) -> None:
        """Set the gauge of the age of the oldest unsent event; None when there is none."""
        age = (self.clock() - oldest["time"]).total_seconds() if oldest else 0.0
        self.metrics.outbox_age.set(max(0.0, age))

    async def sweep(self) -> bool:
        """Send one batch; returns whether there is more. Raises Unavailable while the broker is down."""
        rows = await self.outbox_scan.next_rows(self.shard_leases.owned())
        if not rows:
            return False
        self.crash.at("relay.swept")
        producer = await self._started_producer()
        targets = await self._targets(producer, rows)
        sent = await asyncio.gather(*(self._send(producer, target, part) for target, part in targets.items()))
        done = [row for part in sent for row in part]
        self.outbox_scan.sent(done)
        self.crash.at("relay.sent")
        await self._mark_sent(done)
        self.crash.at("relay.marked")
        if (
            any(len(part) < len(wanted) for part, wanted in zip(sent, targets.values(), strict=True))
            and not done
        ):
            await self._discard()
            raise Unavailable("the broker accepts no records")
        return 0 < len(done) < len(rows) or len(rows) == SWEEP

    async def _started_producer(self) -> AIOKafkaProducer:
        if self.producer is None:
            producer = AIOKafkaProducer(
                **self.kafka.aiokafka(),
                client_id=f"{self.service}-relay",
                acks="all",
                enable_idempotence=True,
                linger_ms=0,
                max_batch_size=524_288,
                max_request_size=1_048_576,
                request_timeout_ms=10_000,
            )
            try:
                async with asyncio.timeout(SEND_SECONDS):
                    await producer.start()
            except (KafkaError, OSError, TimeoutError) as error:
                await _stop(producer)
                raise Unavailable(f"kafka: {type(error).__name__}") from error
            self.producer = producer
        return self.producer

    async def _targets(self, producer: AIOKafkaProducer, rows: Sequence[Raw]) -> dict[Target, list[Raw]]:
        """The rows by partition; rows of a missing topic wait without blocking others."""
        targets: dict[Target, list[Raw]] = {}
        for row in rows:
            topic = row["aggregatetype"]
            count = await self._partitions(producer, topic)
            if count:
                key = key_of(row)
                partition = (murmur2(key) & 0x7FFFFFFF) % count if key is not None else 0
                targets.setdefault((topic, partition), []).append(row)
        return targets

    async def _partitions(self, producer: AIOKafkaProducer, topic: str) -> int:
        count, known_at = self._counts.get(topic, (0, -LOOKUP_EVERY_SECONDS))
        if count or self.shard_leases.monotonic() - known_at < LOOKUP_EVERY_SECONDS:
            return count
        try:
            async with asyncio.timeout(LOOKUP_SECONDS):
                count = len(await producer.partitions_for(topic))
        except (KafkaError, OSError, TimeoutError) as error:
            if not await producer.client.force_metadata_update():
                raise Unavailable(f"kafka: {type(error).__name__}") from error
            self.metrics.send_failures.inc()  # the broker answers but does not have the topic
            log("no such topic", level=40, topic=topic, fix="run the provisioning")
        self._counts[topic] = (count, self.shard_leases.monotonic())
        return count

    async def _send(self, producer: AIOKafkaProducer, target: Target, rows: Sequence[Raw]) -> list[Raw]:
        batch = producer.create_batch()
        part: list[Raw] = []
        spans = PublishSpans(self.tracer, *target)
        for row in rows:
            headers = headers_of(self.service, spans.begin(row))
            stamp = int(row["time"].timestamp() * 1000)
            if batch.append(key=key_of(row), value=row["payload"], timestamp=stamp, headers=headers) is None:
                break
            part.append(row)
        try:
            acknowledged = await producer.send_batch(batch, target[0], partition=target[1])
            async with asyncio.timeout(SEND_SECONDS):
                await acknowledged
        except (KafkaError, OSError, TimeoutError) as error:
            self.metrics.send_failures.inc()
            log("send failed", level=30, topic=target[0], partition=target[1], reason=type(error).__name__)
            spans.end(len(part), type(error).__name__)
            await self._discard()
            return []
        spans.end(len(part))
        self.metrics.sent.labels(target[0]).inc(len(part))
        return part

    async def _mark_sent(self, rows: Sequence[Raw]) -> None:
        if rows:
            await mark_sent(self.store, rows, self.clock())

    async def _discard(self) -> None:
        producer, self.producer = self.producer, None
        self._counts.clear()
        if producer is not None:
            await _stop(producer)

    async def stop(self) -> None:
        """Close the producer."""
        await self._discard()


async def _stop(producer: AIOKafkaProducer) -> None:
    try:
        async with asyncio.timeout(3.0):
            await producer.stop()
    except (KafkaError, OSError, TimeoutError, AssertionError) as error:
        log("producer close failed", level=30, reason=type(error).__name__)


def envelope_of(service: str, row: Raw) -> Envelope:
    """The envelope of a stored event."""
    accepted: datetime | None = row["accepted"]
    return Envelope(
        id=row["_id"],
        type=row["type"],
        source=f"/ascolto/{service}",
        subject=row["aggregateid"],
        time=row["time"],
        sequence=row["sequence"],
        correlation_id=row["correlation"],
        causation_id=row["causation"],
        accepted_time=accepted,
        traceparent=row["traceparent"],
    )


def key_of(row: Raw) -> bytes | None:
    """The key on the topic: the subject, or the original key of a mirrored record."""
    key: bytes | None = row["key"] if "key" in row else row["aggregateid"].encode()
    return key


def headers_of(service: str, row: Raw) -> list[tuple[str, bytes]]:
    """The headers on the topic: the envelope, or the headers of a mirrored record."""
    if "headers" in row:
        return [(name, value) for name, value in row["headers"]]
    return envelope_of(service, row).headers()
