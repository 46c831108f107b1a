"""Stops: where nobody here can read the next batch, its keys are unknown, so nothing behind it in its partition is handled."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import Any

from aiokafka import TopicPartition

from chassis.consumer.claims import Claims
from chassis.consumer.raw_fetch import Opaque, base_of, fetch
from chassis.consumer.subscription import Fetched, Subscription
from chassis.observe.logs import log
from chassis.observe.metrics import Metrics
from chassis.store.collections import AUDIT
from contracts.connection import Connection

TRY_AGAIN_SECONDS = 30.0

Fetch = Callable[[Connection, Mapping[TopicPartition, int]], Awaitable[Mapping[TopicPartition, list[Any]]]]


@dataclass(frozen=True)
class Stop:
    """The batch that a partition has stopped at, by its first offset; the place to go on from; and why it cannot be read."""

    offset: int
    place: int
    reason: str
    since: float


class StoppedPartitions:
    """The partitions that have stopped; each goes on when its batch can be read, or when a person lets it be stepped over."""

    def __init__(
        self,
        kafka: Connection,
        claims: Claims,
        source: Subscription,
        metrics: Metrics,
        monotonic: Callable[[], float],
        fetch: Fetch = fetch,
    ) -> None:
        self.there: dict[TopicPartition, Stop] = {}
        self._kafka, self._claims, self._source = kafka, claims, source
        self._metrics, self._monotonic, self._fetch = metrics, monotonic, fetch

    async def read(self, places: Mapping[TopicPartition, int], limit: int) -> Fetched:
        """What comes next in these partitions, up to the first batch that cannot be read; raises Unavailable."""
        found: Fetched = {}
        for partition, raws in (await self._fetch(self._kafka, places)).items():
            ours = raws[: next((n for n, raw in enumerate(raws) if isinstance(raw, Opaque)), len(raws))]
            if raws and not ours:
                ours = await self._passed(partition, raws)
            if ours:
                found[partition] = ours[:limit]
                self._source.seek(partition, found[partition][-1].offset + 1)
                self._end(partition)
        return found

    async def _passed(self, partition: TopicPartition, raws: Sequence[Any]) -> list[Any]:
        """The records of a batch that may be stepped over; of any other none, and its partition stops."""
        batch, offset = raws[0], base_of(raws[0].value)
        if await self._may_pass(partition, offset):
            return [batch, *takewhile(_of_the_same_batch, raws[1:])]
        self._stop(partition, Stop(offset, batch.offset, batch.reason(), self._monotonic()))
        self._source.seek(partition, batch.offset)
        self._source.hold(partition)
        return []

    async def _may_pass(self, partition: TopicPartition, offset: int) -> bool:
        name = step_over_id(partition.topic, partition.partition, offset)
        return await self._claims.store.get(AUDIT, name) is not None

    def _stop(self, partition: TopicPartition, stop: Stop) -> None:
        before = self.there.get(partition)
        self.there[partition] = stop
        self._metrics.stopped.labels(partition.topic, str(partition.partition)).set(1)
        if before is None or before.offset != stop.offset:
            where = {"topic": partition.topic, "partition": partition.partition, "offset": stop.offset}
            log("partition stopped", level=50, reason=stop.reason, **where)

    def _end(self, partition: TopicPartition) -> None:
        if self.there.pop(partition, None) is not None:
            self._source.let_go(partition)
            self._metrics.stopped.labels(partition.topic, str(partition.partition)).set(0)
            log("partition goes on", level=30, topic=partition.topic, partition=partition.partition)

    def forget(self) -> None:
        """The partitions are given out anew; whoever gets one of these finds its batch again."""
        for partition in list(self.there):
            self._end(partition)

    async def look(self) -> None:
        """Have another try where somebody allowed it, and everywhere now and then: not every damage lasts."""
        for partition, stop in list(self.there.items()):
            claim = self._claims.held.get(partition)
            if claim is None or claim.next > stop.place:
                self._end(partition)
                continue
            due = self._monotonic() - stop.since > TRY_AGAIN_SECONDS
            if due or await self._may_pass(partition, stop.offset):
                self._source.let_go(partition)

    def told(self) -> list[str]:
        """Each stopped partition, for whoever asks how this process is."""
        return [
            f"{tp.topic}/{tp.partition} at {stop.offset}: {stop.reason}" for tp, stop in self.there.items()
        ]


def _of_the_same_batch(raw: Any) -> bool:
    return isinstance(raw, Opaque) and raw.value is None


def step_over_id(topic: str, partition: int, offset: int) -> str:
    """The id of the audit row that lets the batch at this place be stepped over."""
    return f"step-over:{topic}/{partition}/{offset}"
