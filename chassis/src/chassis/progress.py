"""Progress: whether reading gets on, by what the consumer knows and, now and then, by the broker's own word."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from aiokafka import TopicPartition

from chassis.claims import Claims
from chassis.metrics import Metrics
from chassis.subscription import Subscription

ASK_SECONDS = 5.0


@dataclass
class Progress:
    """When something was last handled, and which partitions the consumer has lost sight of.

    A client library that has stopped fetching a partition never learns that anything waits there, and what goes on in the
    other partitions hides it.
    """

    claims: Claims
    metrics: Metrics
    monotonic: Callable[[], float] = time.monotonic
    behind: bool = False
    handled: float = field(init=False)
    _asked: float = field(init=False)
    _unseen: dict[TopicPartition, tuple[int, float]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.handled = self._asked = self.monotonic()

    def made(self) -> None:
        """Something was handled."""
        self.handled = self.monotonic()

    def anew(self) -> None:
        """Count from now: what rests is not stuck."""
        self._unseen.clear()
        self.made()

    async def look(self, source: Subscription, group: str) -> None:
        """Measure the lag of everything that is held; raises Unavailable when the broker was asked and is away."""
        lags = {tp: source.lag(tp, claim.next) for tp, claim in self.claims.held.items()}
        self._tell(group, {tp: lag for tp, lag in lags.items() if lag is not None})
        self.behind = any(lags.values())
        if not self.behind:
            self.made()
        if self.monotonic() - self._asked > ASK_SECONDS:
            self._asked = self.monotonic()
            await self._ask(source, group, [tp for tp, lag in lags.items() if not lag])

    async def _ask(self, source: Subscription, group: str, seeming: list[TopicPartition]) -> None:
        """Compare with the broker's word what seems to be handled to the end."""
        ends, now = await source.ends(seeming), self.monotonic()
        held = self.claims.held
        waits = {
            tp: ends[tp] - held[tp].next for tp in seeming if tp in held and ends.get(tp, 0) > held[tp].next
        }
        self._tell(group, waits)
        before, self._unseen = self._unseen, {}
        for tp in waits:
            place, since = before.get(tp, (-1, now))
            self._unseen[tp] = held[tp].next, since if place == held[tp].next else now

    def _tell(self, group: str, lags: Mapping[TopicPartition, int]) -> None:
        for tp, lag in lags.items():
            self.metrics.lag.labels(group, tp.topic, str(tp.partition)).set(lag)

    def stands_still(self, seconds: float) -> bool:
        """Records wait and nothing has been handled for so long, or so long nobody has seen what waits in a partition."""
        now = self.monotonic()
        unseen = any(now - since > seconds for _, since in self._unseen.values())
        return unseen or (self.behind and now - self.handled > seconds)
