"""Detects a consumer that no longer makes progress, from the consumer's own view and, periodically, the broker's."""

import time
from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass, field

from aiokafka import TopicPartition

from chassis.consumer.claims import Claims
from chassis.consumer.subscription import Subscription
from chassis.observe.metrics import Metrics

ASK_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Waiting:
    """Records at the broker beyond the offset where a partition has been since then, and whether the consumer knows of them."""

    offset: int
    since: float
    known: bool


@dataclass
class StallDetector:
    """When something was last handled, and which partitions have waiting records but do not advance.

    A client library that has stopped fetching one partition never learns that records wait there, and progress in other
    partitions hides it. A `stopped` partition waits for an administrator: it is neither behind nor stalled.
    """

    group: str
    claims: Claims
    source: Subscription
    metrics: Metrics
    monotonic: Callable[[], float] = time.monotonic
    behind: bool = False
    left_at: float | None = None
    stopped: Container[TopicPartition] = ()
    handled: float = field(init=False)
    _checked_at: float = field(init=False)
    _waiting: dict[TopicPartition, Waiting] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.handled = self._checked_at = self.monotonic()

    def progressed(self) -> None:
        """Something was handled."""
        self.handled = self.monotonic()

    def left_group(self) -> None:
        """The group reassigns its partitions, from now on."""
        self.left_at = self.monotonic()

    def joined_group(self) -> None:
        """The group has assigned our partitions."""
        self.left_at = None

    def reset(self) -> None:
        """Start counting from now: a paused consumer is not stalled."""
        self._waiting.clear()
        self.progressed()

    async def check(self) -> Mapping[TopicPartition, int]:
        """Measure the lag of everything that is claimed; raises Unavailable when the broker was asked and does not answer.

        Returns the beginning offset of partitions where retention has deleted the next offset unread.
        """
        lags = {tp: self.source.lag(tp, claim.next) for tp, claim in self.claims.held.items()}
        self._set_lag({tp: lag for tp, lag in lags.items() if lag is not None})
        self.behind = any(lag for tp, lag in lags.items() if tp not in self.stopped)
        if not self.behind:
            self.progressed()
        if self.monotonic() - self._checked_at <= ASK_SECONDS:
            return {}
        self._checked_at = self.monotonic()
        return await self._check_broker(lags)

    async def _check_broker(self, lags: Mapping[TopicPartition, int | None]) -> Mapping[TopicPartition, int]:
        """Compare with the broker's end offsets; records that have waited since the last check may have been deleted."""
        ends, now = await self.source.end_offsets(list(lags)), self.monotonic()
        offsets = {tp: self.claims.held[tp].next for tp in lags if tp in self.claims.held}
        before, self._waiting = self._waiting, {}
        for tp, offset in offsets.items():
            if ends[tp] > offset:
                last = before.get(tp)
                since = last.since if last is not None and last.offset == offset else now
                self._waiting[tp] = Waiting(offset, since, bool(lags[tp]))
        self._set_lag({tp: ends[tp] - wait.offset for tp, wait in self._waiting.items() if not wait.known})
        waiting = [tp for tp, wait in self._waiting.items() if wait.since < now]
        begins = await self.source.beginning_offsets(waiting) if waiting else {}
        return {tp: begin for tp, begin in begins.items() if begin > self._waiting[tp].offset}

    def _set_lag(self, lags: Mapping[TopicPartition, int]) -> None:
        for tp, lag in lags.items():
            self.metrics.lag.labels(self.group, tp.topic, str(tp.partition)).set(lag)

    def is_stalled(self, seconds: float) -> bool:
        """Whether records wait and nothing has been handled for `seconds`, or the consumer has not seen waiting records for as long.

        Also true when the group has not assigned partitions for twice as long: other members may be slow to release them.
        """
        now = self.monotonic()
        if self.left_at is not None:
            return now - self.left_at > 2 * seconds
        waits = [wait for tp, wait in self._waiting.items() if tp not in self.stopped]
        unseen = any(not wait.known and now - wait.since > seconds for wait in waits)
        return unseen or (self.behind and now - self.handled > seconds)
