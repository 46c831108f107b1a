"""Commits one worker's part of a batch and its fence in one transaction; bisects the batch when the store rejects a document."""

import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from aiokafka import TopicPartition

from chassis.clock import Clock
from chassis.consumer.circuit_breaker import CircuitBreaker
from chassis.consumer.claims import Claims
from chassis.consumer.stall_detector import StallDetector
from chassis.consumer.subscription import Subscription
from chassis.errors import Fenced, Poison, Unavailable
from chassis.observe.logs import log
from chassis.observe.metrics import Metrics
from chassis.transaction.inputs import Input, Outcome, Result
from chassis.transaction.unit_of_work import UnitOfWork

SMALLEST, LARGEST = 20, 2_000
SLOW_SECONDS = 1.0
FENCES_SECONDS = 2.0
PARKED = (Result.PARKED, Result.FAILED, Result.REFUSED, Result.EARLY)

Ends = Mapping[TopicPartition, int]


@dataclass
class BatchCommitter:
    """Commits batches of one consumer group, and adapts how many records are fetched at once."""

    group: str
    claims: Claims
    unit_of_work: UnitOfWork
    source: Subscription
    stall_detector: StallDetector
    clock: Clock
    _circuit_breaker: CircuitBreaker = field(default_factory=CircuitBreaker)
    _moved_at: float = 0.0

    async def commit(self, inputs: Sequence[Input], ends: Ends) -> None:
        """Handle these inputs and move the fences of their partitions to `ends`.

        Raises Fenced, Unavailable, and Poison when the store rejects even the bytes of a single input.
        """
        try:
            await self.commit_once(inputs, ends)
        except Poison:
            if len(inputs) == 1:
                raise
            await self._bisect(inputs, ends)

    async def _bisect(self, inputs: Sequence[Input], ends: Ends) -> None:
        """Isolate the one input that the store rejects; all others are handled without it."""
        half = len(inputs) // 2
        first: dict[TopicPartition, int] = {}
        for item in inputs[:half]:
            assert item.record is not None
            first[TopicPartition(item.record.topic, item.record.partition)] = item.record.offset + 1
        await self.commit(inputs[:half], first)
        await self.commit(inputs[half:], {tp: end for tp, end in ends.items() if first.get(tp) != end})

    async def commit_once(self, inputs: Sequence[Input], ends: Ends) -> None:
        """Do the same in one transaction; without inputs, only move the fences.

        Records that change nothing need no transaction: their fences move with the next one of their worker, or when `watch` finds
        them. After a crash they are passed over again.
        """
        began = time.perf_counter()
        passed = self._passed_over(inputs)
        if passed:
            for partition, end in ends.items():
                self.claims.held[partition].passed = end
            self._handled(passed, began)
            return
        ends = self._with_passed(ends)
        outcomes = await self.unit_of_work.run(
            self.claims.worker_of(next(iter(ends))),
            inputs,
            lambda tx: self.claims.fence(tx, ends),
            self._check,
            self.claims.may_be_parked(ends),
        )
        self._circuit_breaker.record(outcomes)
        self.unit_of_work.crash.at("delivery.committed")
        for partition, end in ends.items():
            self.claims.held[partition].fence = self.claims.held[partition].advanced(end)
        self._adapt(len(inputs), time.perf_counter() - began)
        self._handled(outcomes, began)

    def is_behind(self) -> bool:
        """Whether records were passed over and no transaction has moved their fences for a while."""
        now = self.stall_detector.monotonic()
        return now - self._moved_at > FENCES_SECONDS and bool(self.claims.passed())

    async def move_fences(self) -> None:
        """Move the fences of records that were passed over; nothing may be in progress. Raises Unavailable."""
        self._moved_at = self.stall_detector.monotonic()
        try:
            for ends in self.claims.by_worker(self.claims.passed()).values():
                await self.commit_once([], ends)
        except Fenced:
            await self.check_claims(())

    async def check_claims(self, partitions: Iterable[TopicPartition]) -> str:
        """Find out who owns these, and what was passed over, after a fence did not hold; returns why reading must pause, or nothing."""
        try:
            for partition in {*partitions, *self.claims.passed()}:
                if not await self.claims.refresh(partition):
                    log("fenced out", level=30, topic=partition.topic, partition=partition.partition)
                    self.unit_of_work.metrics.resought.labels("fenced").inc()
        except Unavailable as away:
            return str(away)
        return ""

    def _passed_over(self, inputs: Sequence[Input]) -> list[Outcome]:
        """The outcomes, if not one of these inputs changes anything."""
        passes_over = self.unit_of_work.reactions.passes_over
        if not all(item.unknown or passes_over(item.body) for item in inputs):
            return []
        return [Outcome(item, Result.UNKNOWN if item.unknown else Result.IGNORED) for item in inputs]

    def _with_passed(self, ends: Ends) -> Ends:
        """Where this transaction moves fences: also those of its worker whose records were passed over."""
        worker = self.claims.worker_of(next(iter(ends)))
        passed = {tp: end for tp, end in self.claims.passed().items() if self.claims.worker_of(tp) is worker}
        return passed | dict(ends)

    def _handled(self, outcomes: Sequence[Outcome], began: float) -> None:
        self.stall_detector.progressed()
        seconds = time.perf_counter() - began
        record_batch(self.unit_of_work.metrics, self.group, outcomes, seconds, self.clock())

    def _check(self, outcomes: Sequence[Outcome]) -> None:
        self.claims.note_parked({_partition(one) for one in outcomes if one.result in PARKED})
        self._circuit_breaker.check(outcomes)

    def _adapt(self, size: int, seconds: float) -> None:
        """Double the batch size while transactions are fast; halve it when one is slow."""
        limit = self.source.max_records
        if seconds > SLOW_SECONDS:
            self.source.max_records = max(SMALLEST, limit // 2)
        elif size * len(self.claims.workers) >= limit:
            self.source.max_records = min(LARGEST, limit * 2)


def _partition(outcome: Outcome) -> TopicPartition:
    record = outcome.input.record
    assert record is not None
    return TopicPartition(record.topic, record.partition)


def record_batch(
    metrics: Metrics, group: str, outcomes: Sequence[Outcome], seconds: float, now: datetime
) -> None:
    """Count how the records of a committed batch ended, and log the batch and each parked record."""
    ended: Counter[tuple[str, Result]] = Counter()
    stage = metrics.stage.labels(group)
    for outcome in outcomes:
        record, accepted = outcome.input.record, outcome.input.lineage.accepted
        assert record is not None
        ended[record.topic, outcome.result] += 1
        if outcome.result in PARKED:
            where = {"topic": record.topic, "partition": record.partition, "offset": record.offset}
            where |= {"id": outcome.input.id, "key": outcome.input.key}
            log("parked", level=40, error=outcome.error, reason=outcome.result.value, **where)
        elif outcome.result is Result.DONE and accepted is not None:
            stage.observe(max(0.0, (now - accepted).total_seconds()))
    for (topic, result), count in ended.items():
        metrics.consumed.labels(topic, result.value).inc(count)
        if result in PARKED:
            metrics.parked.labels(topic, result.value).inc(count)
    metrics.progress.set(now.timestamp())
    some = sorted({outcome.input.lineage.correlation for outcome in outcomes[:20]})
    counts: dict[str, Any] = {f"{topic} {result}": count for (topic, result), count in ended.items()}
    log("batch", group=group, ms=round(seconds * 1000, 1), events=len(outcomes), correlations=some, **counts)
