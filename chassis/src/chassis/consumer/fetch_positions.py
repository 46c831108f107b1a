"""Reading: which of the fetched records come next, partition by partition, ahead of what is committed."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from aiokafka import TopicPartition

from chassis.consumer.claims import Claims
from chassis.consumer.records import runs
from chassis.observe.logs import log
from chassis.observe.metrics import Metrics

Seek = Callable[[TopicPartition, int], None]


@dataclass(slots=True)
class Part:
    """Records of one partition that are to be handled when everything before `begins` is."""

    begins: int
    records: Sequence[Any]

    @property
    def end(self) -> int:
        """The offset that comes after them."""
        return int(self.records[-1].offset) + 1


Parts = dict[TopicPartition, Part]


class FetchPositions:
    """How far each claimed partition has been handed over; what does not follow on is dropped and sought again."""

    def __init__(self, claims: Claims, seek: Seek, metrics: Metrics) -> None:
        self._claims, self._seek, self._metrics = claims, seek, metrics
        self._ahead: dict[TopicPartition, int] = {}
        self._holes: dict[TopicPartition, tuple[int, int]] = {}

    def place(self, partition: TopicPartition) -> int:
        """The offset that has to come next of a claimed partition."""
        return self._ahead.get(partition, self._claims.held[partition].next)

    def expected(self, records: Iterable[Any]) -> Parts:
        """The records that follow on from what was handed over before; they count as handed over."""
        fetched: dict[TopicPartition, list[Any]] = {}
        for raw in records:
            fetched.setdefault(TopicPartition(raw.topic, raw.partition), []).append(raw)
        parts: Parts = {}
        for partition, found in fetched.items():
            if partition not in self._claims.held:
                self._metrics.resought.labels("unclaimed").inc()
                continue
            place = self.place(partition)
            ours = self._following(partition, found, place)
            if ours:
                part = parts[partition] = Part(place, ours)
                self._ahead[partition] = part.end
        return parts

    def _following(self, partition: TopicPartition, found: Sequence[Any], place: int) -> list[Any]:
        """Those without a hole before them; the same hole at the same place a second time, after that place was sought, is
        one that the broker has, and is accepted.
        """
        ours, after_hole = runs(found, place)
        if after_hole is not None and not ours and self._holes.get(partition) == (place, after_hole):
            ours, after_hole = runs(found, after_hole)
            self.tell_of_hole(partition, place)
        if after_hole is None:
            self._holes.pop(partition, None)
        else:
            place = ours[-1].offset + 1 if ours else place
            self._holes[partition] = place, after_hole
            self._metrics.resought.labels("hole").inc()
            self._seek(partition, place)
        return ours

    def tell_of_hole(self, partition: TopicPartition, place: int) -> None:
        """What should have come next is not on the topic any more: say so, and go on behind it."""
        where = {"topic": partition.topic, "partition": partition.partition}
        log("hole accepted", level=40, next=place, **where)
        self._metrics.resought.labels("hole-accepted").inc()

    def current(self, parts: Parts) -> Parts:
        """Those whose turn it is; what was handed over behind a failure is not handled and read again."""
        held = self._claims.held
        ours = {tp: part for tp, part in parts.items() if tp in held and held[tp].next == part.begins}
        self.again(tp for tp in parts if tp not in ours)
        return ours

    def again(self, partitions: Iterable[TopicPartition]) -> None:
        """Read these again from what is committed."""
        for partition in partitions:
            self._ahead.pop(partition, None)
            self._holes.pop(partition, None)
            claim = self._claims.held.get(partition)
            if claim is not None:
                self._seek(partition, claim.next)
