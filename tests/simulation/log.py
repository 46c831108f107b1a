"""A broker that loses acknowledgements and duplicates records: topics with ids, partitions and gaps, and a producer."""

import asyncio
import uuid
from collections.abc import Iterator, Sequence
from contextvars import Context
from dataclasses import dataclass, field
from typing import Any

from aiokafka import TopicPartition
from aiokafka.errors import KafkaError
from tests.simulation.chance import Chance
from tests.simulation.loop import SimLoop

Headers = Sequence[tuple[str, bytes | None]]
PARTITIONS = 2


@dataclass(frozen=True, slots=True)
class LogRecord:
    """A record as a consumer fetches it."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: Headers
    timestamp: int


@dataclass
class Topic:
    """One incarnation of a topic."""

    name: str
    id: str
    partitions: list[list[LogRecord]] = field(default_factory=lambda: [[] for _ in range(PARTITIONS)])
    ends: list[int] = field(default_factory=lambda: [0] * PARTITIONS)

    def records(self) -> Iterator[LogRecord]:
        """All records, partition by partition."""
        return (record for rows in self.partitions for record in rows)


class SimLog:
    """The broker."""

    def __init__(self, chance: Chance, names: Sequence[str]) -> None:
        self.chance = chance
        loop = asyncio.get_running_loop()
        assert isinstance(loop, SimLoop)
        self.loop = loop
        self.down = False
        self.topics = {name: Topic(name, self._id()) for name in names}
        self.gone: list[Topic] = []  # incarnations lost with a disk
        self.readers: list[Any] = []  # consumers to wake

    def _id(self) -> str:
        return str(uuid.UUID(int=self.chance.rng.getrandbits(128)))

    def records(self, topic: str) -> Iterator[LogRecord]:
        """The records on a topic now."""
        return self.topics[topic].records() if topic in self.topics else iter(())

    def end_of(self, topic_id: str, partition: int) -> int | None:
        """The end offset of a partition of one incarnation of a topic; None when that incarnation is gone."""
        ours = (topic for topic in self.topics.values() if topic.id == topic_id)
        return next((topic.ends[partition] for topic in ours), None)

    def lose_disk(self) -> None:
        """Recreate every topic, empty and with a new id."""
        self.gone += self.topics.values()
        self.topics = {name: Topic(name, self._id()) for name in self.topics}

    def append(
        self, topic: str, partition: int, rows: Sequence[tuple[bytes | None, bytes | None, int, Headers]]
    ) -> None:
        """Append rows in order."""
        home = self.topics.get(topic) or self.topics.setdefault(topic, Topic(topic, self._id()))
        for key, value, stamp, headers in rows:
            offset = home.ends[partition]
            home.partitions[partition].append(LogRecord(topic, partition, offset, key, value, headers, stamp))
            home.ends[partition] = offset + 1
        self.wake(TopicPartition(topic, partition))

    def wake(self, partition: TopicPartition | None = None) -> None:
        """Wake the readers of this partition, or of all."""
        for reader in self.readers:
            if partition is None or partition in reader.assignment():
                reader.wake()

    async def request(self) -> None:
        """One request to the broker; raises KafkaError when it fails."""
        await self.loop.pause(self.chance.latency())
        if self.down or self.chance.hits("broker away"):
            raise KafkaError("away")

    def producer(self) -> "SimProducer":
        return SimProducer(self)


class SimBatch:
    """Records of one partition that are sent together."""

    def __init__(self, most: int) -> None:
        self.rows: list[tuple[bytes | None, bytes | None, int, Headers]] = []
        self._most = most

    def append(self, *, key: bytes, value: bytes, timestamp: int, headers: Headers) -> object | None:
        """Append a record; None when the batch is full."""
        if len(self.rows) >= self._most:
            return None
        self.rows.append((key, value, timestamp, headers))
        return self


class SimProducer:
    """An idempotent producer: its retries make no copies, those of a new producer do."""

    def __init__(self, log: SimLog) -> None:
        self._log = log

    async def start(self) -> None:
        await self._log.request()

    async def stop(self) -> None:
        await asyncio.sleep(0)

    async def partitions_for(self, _: str) -> set[int]:
        await asyncio.sleep(0)
        if self._log.down:
            raise KafkaError("away")
        return set(range(PARTITIONS))

    def create_batch(self) -> SimBatch:
        return SimBatch(self._log.chance.rng.choice((3, 100)))

    async def send_batch(self, batch: SimBatch, topic: str, *, partition: int) -> "asyncio.Future[None]":
        """Send a batch; the returned future is its acknowledgement."""
        await asyncio.sleep(0)
        return asyncio.ensure_future(self._send(batch, topic, partition))

    async def _send(self, batch: SimBatch, topic: str, partition: int) -> None:
        log, chance = self._log, self._log.chance
        await log.request()
        if chance.hits("produce late"):
            log.loop.call_later(
                chance.rng.random() * 3, log.append, topic, partition, batch.rows, context=Context()
            )
            raise KafkaError("the request is in flight")
        log.append(topic, partition, batch.rows)
        await log.loop.pause(chance.latency())
        if chance.hits("ack lost"):
            raise KafkaError("no acknowledgement")
