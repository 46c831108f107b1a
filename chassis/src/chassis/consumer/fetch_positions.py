"""Fetch positions: which fetched records come next in each partition, ahead of what is committed."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from aiokafka import TopicPartition

from chassis.consumer.claims import Claims
from chassis.consumer.records import contiguous
from chassis.observe.logs import log
from chassis.observe.metrics import Metrics

Seek = Callable[[TopicPartition, int], None]


@dataclass(slots=True)
class Part:
    """Consecutive records of one partition, to be handled when everything before offset `begins` is handled."""

    begins: int
    records: Sequence[Any]

    @property
    def end(self) -> int:
        """The offset after the last record."""
        return int(self.records[-1].offset) + 1


Parts = dict[TopicPartition, Part]


class FetchPositions:
    """How far each claimed partition has been dispatched; records out of sequence are dropped and fetched again."""

    def __init__(self, claims: Claims, seek: Seek, metrics: Metrics) -> None:
        self._claims, self._seek, self._metrics = claims, seek, metrics
        self._ahead: dict[TopicPartition, int] = {}
        self._gaps: dict[TopicPartition, tuple[int, int]] = {}

    def next_offset(self, partition: TopicPartition) -> int:
        """The offset that must come next in a claimed partition."""
        return self._ahead.get(partition, self._claims.held[partition].next)

    def accept(self, records: Iterable[Any]) -> Parts:
        """The records that continue what was dispatched before; they count as dispatched."""
        fetched: dict[TopicPartition, list[Any]] = {}
        for raw in records:
            fetched.setdefault(TopicPartition(raw.topic, raw.partition), []).append(raw)
        parts: Parts = {}
        for partition, found in fetched.items():
            if partition not in self._claims.held:
                self._metrics.resought.labels("unclaimed").inc()
                continue
            offset = self.next_offset(partition)
            ours = self._contiguous(partition, found, offset)
            if ours:
                part = parts[partition] = Part(offset, ours)
                self._ahead[partition] = part.end
        return parts

    def _contiguous(self, partition: TopicPartition, found: Sequence[Any], offset: int) -> list[Any]:
        """The records before the first gap.

        A gap that is still there after a seek to its offset is a gap on the broker, and is accepted.
        """
        ours, after_gap = contiguous(found, offset)
        if after_gap is not None and not ours and self._gaps.get(partition) == (offset, after_gap):
            ours, after_gap = contiguous(found, after_gap)
            self.accept_gap(partition, offset)
        if after_gap is None:
            self._gaps.pop(partition, None)
        else:
            offset = ours[-1].offset + 1 if ours else offset
            self._gaps[partition] = offset, after_gap
            self._metrics.resought.labels("hole").inc()
            self._seek(partition, offset)
        return ours

    def accept_gap(self, partition: TopicPartition, offset: int) -> None:
        """Log that the expected record no longer exists on the topic."""
        where = {"topic": partition.topic, "partition": partition.partition}
        log("gap accepted", level=40, next=offset, **where)
        self._metrics.resought.labels("hole-accepted").inc()

    def in_sequence(self, parts: Parts) -> Parts:
        """The parts that follow what is committed; parts dispatched behind a failed one are fetched again instead."""
        held = self._claims.held
        ours = {tp: part for tp, part in parts.items() if tp in held and held[tp].next == part.begins}
        self.rewind(tp for tp in parts if tp not in ours)
        return ours

    def rewind(self, partitions: Iterable[TopicPartition]) -> None:
        """Fetch these partitions again from the committed position."""
        for partition in partitions:
            self._ahead.pop(partition, None)
            self._gaps.pop(partition, None)
            claim = self._claims.held.get(partition)
            if claim is not None:
                self._seek(partition, claim.next)
