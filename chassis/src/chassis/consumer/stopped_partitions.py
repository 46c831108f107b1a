"""Stopped partitions: the keys of an unreadable batch are unknown, so nothing behind it in its partition is handled."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import TYPE_CHECKING, Any

from aiokafka import TopicPartition

from chassis.consumer.claims import Claims
from chassis.consumer.raw_fetch import Opaque, base_of, fetch
from chassis.observe.logs import log
from chassis.observe.metrics import Metrics
from chassis.store.collections import AUDIT
from contracts.connection import Connection

if TYPE_CHECKING:  # loads FastStream, which the administration of parked records does without
    from chassis.consumer.subscription import Fetched, Subscription

TRY_AGAIN_SECONDS = 30.0

Fetch = Callable[[Connection, Mapping[TopicPartition, int]], Awaitable[Mapping[TopicPartition, list[Any]]]]


@dataclass(frozen=True)
class Stop:
    """The unreadable batch where a partition has stopped: its base offset, the offset to resume from, and why it is unreadable."""

    offset: int
    place: int
    reason: str
    since: float


class StoppedPartitions:
    """The partitions that have stopped; each resumes when its batch is readable, or when an administrator permits stepping over it."""

    def __init__(
        self,
        kafka: Connection,
        claims: Claims,
        source: "Subscription",
        metrics: Metrics,
        monotonic: Callable[[], float],
        fetch: Fetch = fetch,
    ) -> None:
        self.stopped: dict[TopicPartition, Stop] = {}
        self._kafka, self._claims, self._source = kafka, claims, source
        self._metrics, self._monotonic, self._fetch = metrics, monotonic, fetch

    async def read(self, places: Mapping[TopicPartition, int], limit: int) -> "Fetched":
        """The next records of these partitions, up to the first unreadable batch; raises Unavailable."""
        found: Fetched = {}
        for partition, raws in (await self._fetch(self._kafka, places)).items():
            ours = raws[: next((n for n, raw in enumerate(raws) if isinstance(raw, Opaque)), len(raws))]
            if raws and not ours:
                ours = await self._stepped_over(partition, raws)
            if ours:
                found[partition] = ours[:limit]
                self._source.seek(partition, found[partition][-1].offset + 1)
                self._resume(partition)
        return found

    async def _stepped_over(self, partition: TopicPartition, raws: Sequence[Any]) -> list[Any]:
        """The records of a batch that may be stepped over; otherwise none, and the partition stops."""
        batch, offset = raws[0], base_of(raws[0].value)
        if await self._may_step_over(partition, offset):
            return [batch, *takewhile(_of_the_same_batch, raws[1:])]
        self._stop(partition, Stop(offset, batch.offset, batch.reason(), self._monotonic()))
        self._source.seek(partition, batch.offset)
        self._source.pause_partition(partition)
        return []

    async def _may_step_over(self, partition: TopicPartition, offset: int) -> bool:
        name = step_over_id(partition.topic, partition.partition, offset)
        return await self._claims.store.get(AUDIT, name) is not None

    def _stop(self, partition: TopicPartition, stop: Stop) -> None:
        before = self.stopped.get(partition)
        self.stopped[partition] = stop
        self._metrics.stopped.labels(partition.topic, str(partition.partition)).set(1)
        if before is None or before.offset != stop.offset:
            where = {"topic": partition.topic, "partition": partition.partition, "offset": stop.offset}
            log("partition stopped", level=50, reason=stop.reason, **where)

    def _resume(self, partition: TopicPartition) -> None:
        if self.stopped.pop(partition, None) is not None:
            self._source.resume_partition(partition)
            self._metrics.stopped.labels(partition.topic, str(partition.partition)).set(0)
            log("partition resumed", level=30, topic=partition.topic, partition=partition.partition)

    def clear(self) -> None:
        """Forget everything: the partitions are reassigned, and the new owner finds the batch again."""
        for partition in list(self.stopped):
            self._resume(partition)

    async def check(self) -> None:
        """Retry where an administrator permits it, and everywhere periodically: some failures are temporary."""
        for partition, stop in list(self.stopped.items()):
            claim = self._claims.held.get(partition)
            if claim is None or claim.next > stop.place:
                self._resume(partition)
                continue
            due = self._monotonic() - stop.since > TRY_AGAIN_SECONDS
            if due or await self._may_step_over(partition, stop.offset):
                self._source.resume_partition(partition)

    def describe(self) -> list[str]:
        """A line for each stopped partition, for the readiness report."""
        return [
            f"{tp.topic}/{tp.partition} at {stop.offset}: {stop.reason}" for tp, stop in self.stopped.items()
        ]


def _of_the_same_batch(raw: Any) -> bool:
    return isinstance(raw, Opaque) and raw.value is None


def step_over_id(topic: str, partition: int, offset: int) -> str:
    """The id of the audit row that permits stepping over the batch at this offset."""
    return f"step-over:{topic}/{partition}/{offset}"
