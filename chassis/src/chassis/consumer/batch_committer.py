"""Commits: one lane's share of a batch with its fence in one transaction; halves, when something in it cannot be kept."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from aiokafka import TopicPartition

from chassis.clock import Clock
from chassis.consumer.batch_metrics import tell
from chassis.consumer.circuit_breaker import CircuitBreaker
from chassis.consumer.claims import Claims
from chassis.consumer.stall_detector import StallDetector
from chassis.consumer.subscription import Subscription
from chassis.errors import Poison
from chassis.transaction.inputs import Input
from chassis.transaction.unit_of_work import UnitOfWork

SMALLEST, LARGEST = 20, 2_000
SLOW_SECONDS = 1.0

Ends = Mapping[TopicPartition, int]


@dataclass
class BatchCommitter:
    """How what was read becomes true, and how much is read at once because of it."""

    group: str
    claims: Claims
    unit_of_work: UnitOfWork
    source: Subscription
    stall_detector: StallDetector
    clock: Clock
    _circuit_breaker: CircuitBreaker = field(default_factory=CircuitBreaker)

    async def share(self, inputs: Sequence[Input], ends: Ends) -> None:
        """Handle these inputs and say that their partitions are done up to `ends`.

        Raises Fenced, Unavailable, and Poison when even the bytes of an input cannot be kept.
        """
        try:
            await self.whole(inputs, ends)
        except Poison:
            if len(inputs) == 1:
                raise
            await self._halves(inputs, ends)

    async def _halves(self, inputs: Sequence[Input], ends: Ends) -> None:
        """Close in on the one input that the store cannot keep; all others are handled without it."""
        half = len(inputs) // 2
        first: dict[TopicPartition, int] = {}
        for item in inputs[:half]:
            assert item.record is not None
            first[TopicPartition(item.record.topic, item.record.partition)] = item.record.offset + 1
        await self.share(inputs[:half], first)
        await self.share(inputs[half:], {tp: end for tp, end in ends.items() if first.get(tp) != end})

    async def whole(self, inputs: Sequence[Input], ends: Ends) -> None:
        """The same in one transaction; without inputs only the fence moves on."""
        began = time.perf_counter()
        outcomes = await self.unit_of_work.run(
            self.claims.worker_of(next(iter(ends))),
            inputs,
            lambda tx: self.claims.fence(tx, ends),
            self._circuit_breaker.check,
        )
        self._circuit_breaker.learn(outcomes)
        self.unit_of_work.crash.at("delivery.committed")
        for partition, end in ends.items():
            self.claims.held[partition].fence = self.claims.held[partition].moved(end)
        self.stall_detector.made()
        seconds = time.perf_counter() - began
        self._adapt(len(inputs), seconds)
        tell(self.unit_of_work.metrics, self.group, outcomes, seconds, self.clock())

    def _adapt(self, size: int, seconds: float) -> None:
        """Larger batches while they are quick, smaller ones while a transaction takes long."""
        most = self.source.most
        if seconds > SLOW_SECONDS:
            self.source.most = max(SMALLEST, most // 2)
        elif size * len(self.claims.workers) >= most:
            self.source.most = min(LARGEST, most * 2)
