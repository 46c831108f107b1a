"""A consumer group whose members trust an outdated assignment until a heartbeat corrects it."""

import asyncio
from bisect import bisect_left
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from aiokafka import TopicPartition
from aiokafka.errors import CommitFailedError, IllegalStateError, KafkaError
from tests.simulation.chance import Chance
from tests.simulation.log import PARTITIONS, LogRecord, SimLog

SESSION_SECONDS = 6.0
HEARTBEAT_SECONDS = 2.0
Take = Callable[[Sequence[LogRecord]], Awaitable[None]]


@dataclass
class Member:
    """What the coordinator knows of a member; a new process with the same instance id replaces it."""

    token: object
    seen: float


class SimGroup:
    """The coordinator of a group; it waits for no member, so two may own one partition for a while."""

    def __init__(self, log: SimLog, topics: Sequence[str]) -> None:
        self.log, self.topics = log, topics
        self.chance: Chance = log.chance
        self.members: dict[str, Member] = {}
        self.generation = 0
        self.shares: dict[str, set[TopicPartition]] = {}
        self.committed: dict[TopicPartition, int] = {}

    def join(self, instance: str, token: object) -> None:
        """Add a member; a known instance id causes no rebalance."""
        known = instance in self.members
        self.members[instance] = Member(token, self.log.loop.time())
        if not known:
            self.rebalance()

    def leave(self, instance: str, token: object) -> None:
        """Remove a member."""
        if instance in self.members and self.members[instance].token is token:
            del self.members[instance]
            self.rebalance()

    def heartbeat(self, instance: str, token: object) -> int | None:
        """The generation; None for a process that is not a member any more."""
        now = self.log.loop.time()
        gone = [name for name, member in self.members.items() if now - member.seen > SESSION_SECONDS]
        for name in gone:
            del self.members[name]
        if gone:
            self.rebalance()
        member = self.members.get(instance)
        if member is None or member.token is not token:
            return None
        member.seen = now
        return self.generation

    def rebalance(self) -> None:
        """Assign the partitions anew."""
        self.generation += 1
        names = sorted(self.members)
        self.chance.rng.shuffle(names)
        self.shares = {name: set() for name in names}
        partitions = [TopicPartition(topic, n) for topic in self.topics for n in range(PARTITIONS)]
        for position, partition in enumerate(partitions if names else ()):
            self.shares[names[position % len(names)]].add(partition)

    def start_offset(self, partition: TopicPartition) -> int:
        """Where reading begins by Kafka's offsets, which may have been reset."""
        if self.chance.hits("offsets reset"):
            return self.chance.rng.randint(0, self.log.topics[partition.topic].ends[partition.partition])
        return self.committed.get(partition, 0)


class SimConsumer:
    """One member, with the part of aiokafka's consumer that `Delivery` uses."""

    def __init__(self, group: SimGroup, instance: str, listener: Any, take: Take) -> None:
        self.group, self.log, self.chance = group, group.log, group.chance
        self.instance, self.token = instance, object()
        self._listener, self._take = listener, take
        self._positions: dict[TopicPartition, int] = {}
        self._paused: set[TopicPartition] = set()
        self._generation = -1
        self._fenced = False
        self.stale = False  # read through the subscription
        self._wake = asyncio.Event()

    def wake(self) -> None:
        """Records may be available."""
        self._wake.set()

    # what Delivery uses

    def assignment(self) -> set[TopicPartition]:
        return set(self._positions)

    def seek(self, partition: TopicPartition, offset: int) -> None:
        if partition not in self._positions:
            raise IllegalStateError(f"{partition} is not assigned")
        self._positions[partition] = offset
        self.wake()

    def pause(self, *partitions: TopicPartition) -> None:
        self._paused.update(partitions)

    def resume(self, *partitions: TopicPartition) -> None:
        self._paused.difference_update(partitions)
        self.wake()

    def highwater(self, partition: TopicPartition) -> int | None:
        high: int = self.log.topics[partition.topic].ends[partition.partition]
        return high

    async def commit(self, offsets: Mapping[TopicPartition, int]) -> None:
        await self.log.request()
        if self._generation != self.group.generation:
            raise CommitFailedError("another generation")
        self.group.committed.update(offsets)

    async def stop(self) -> None:
        self.group.leave(self.instance, self.token)

    # what aiokafka and FastStream do on their own

    async def read(self) -> None:
        """Fetch and deliver one batch after the other."""
        self.log.readers.append(self)
        while True:
            self._wake.clear()
            self.stale = False
            records = [] if self.log.down else self._fetch()
            if not records:
                await self._wake.wait()
                await self.log.loop.pause(self.chance.latency())
                continue
            await self._delay_delivery()
            await self._take(records)

    async def _delay_delivery(self) -> None:
        """Delay a fetched batch, which may be stale when it is delivered."""
        seconds = 5 * self.chance.rng.random() if self.chance.hits("fetched ahead") else 0.0
        await self.log.loop.pause(seconds or self.chance.latency())

    def _fetch(self) -> list[LogRecord]:
        partitions = sorted(set(self._positions) - self._paused)
        found = [rows for rows in map(self._fetch_from, partitions) if rows]
        self.chance.rng.shuffle(found)
        fetched: list[LogRecord] = []
        for rows in found[: self.chance.rng.randint(1, 4)]:
            self._positions[TopicPartition(rows[0].topic, rows[0].partition)] = rows[-1].offset + 1
            fetched += rows
        return fetched

    def _fetch_from(self, partition: TopicPartition) -> list[LogRecord]:
        topic, number = self.log.topics[partition.topic], partition.partition
        start = self._positions[partition]
        if start > topic.ends[number]:
            start = 0  # out of range: earliest
        rows = topic.partitions[number]
        first = bisect_left(rows, start, key=lambda row: row.offset)
        return rows[first : first + self.chance.rng.choice((1, 3, 500))]

    async def keep_membership(self) -> None:
        """Join the group and follow the coordinator."""
        while not self._fenced:
            try:
                await self.log.request()
                await self._heartbeat()
            except KafkaError:
                self.wake()
            await self.log.loop.pause(HEARTBEAT_SECONDS * (0.3 + self.chance.rng.random()))

    async def _heartbeat(self) -> None:
        known = self.group.members.get(self.instance)
        if self._generation >= 0 and known is not None and known.token is not self.token:
            self._fenced = True  # a newer process has the same instance id: Kafka fences this one for good
            await self._listener.on_partitions_revoked(set(self._positions))
            self._positions = {}
            return
        generation = self.group.heartbeat(self.instance, self.token)
        if generation is None:
            self.group.join(self.instance, self.token)
            generation = self.group.generation
        if generation == self._generation:
            return
        await self._listener.on_partitions_revoked(set(self._positions))
        share = self.group.shares.get(self.instance, set())
        self._positions = {partition: self.group.start_offset(partition) for partition in sorted(share)}
        self._paused.clear()
        self._generation = generation
        self.wake()
        await self._listener.on_partitions_assigned(set(share))
