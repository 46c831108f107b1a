"""Progress: whether reading gets on, by what the consumer knows and, now and then, by the broker's own word."""

import time
from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass, field

from aiokafka import TopicPartition

from chassis.consumer.claims import Claims
from chassis.consumer.subscription import Subscription
from chassis.observe.metrics import Metrics

ASK_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Wait:
    """What the broker has beyond the place that a partition has been at since then, and whether the consumer knows of it."""

    place: int
    since: float
    known: bool


@dataclass
class StallDetector:
    """When something was last handled, and which partitions wait without moving.

    A client library that has stopped fetching a partition never learns that anything waits there, and what goes on in the
    other partitions hides it. A partition that is `stopped` waits for a person: it is neither behind nor stuck.
    """

    group: str
    claims: Claims
    source: Subscription
    metrics: Metrics
    monotonic: Callable[[], float] = time.monotonic
    behind: bool = False
    outside: float | None = None
    stopped: Container[TopicPartition] = ()
    handled: float = field(init=False)
    _asked: float = field(init=False)
    _waits: dict[TopicPartition, Wait] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.handled = self._asked = self.monotonic()

    def made(self) -> None:
        """Something was handled."""
        self.handled = self.monotonic()

    def leave(self) -> None:
        """The group gives out its partitions anew, counted from now."""
        self.outside = self.monotonic()

    def join(self) -> None:
        """The group has said what is ours."""
        self.outside = None

    def anew(self) -> None:
        """Count from now: what rests is not stuck."""
        self._waits.clear()
        self.made()

    async def look(self) -> Mapping[TopicPartition, int]:
        """Measure the lag of everything that is held; raises Unavailable when the broker was asked and is away.

        Returns where partitions begin from which everything that is to come next has been removed unread.
        """
        lags = {tp: self.source.lag(tp, claim.next) for tp, claim in self.claims.held.items()}
        self._tell({tp: lag for tp, lag in lags.items() if lag is not None})
        self.behind = any(lag for tp, lag in lags.items() if tp not in self.stopped)
        if not self.behind:
            self.made()
        if self.monotonic() - self._asked <= ASK_SECONDS:
            return {}
        self._asked = self.monotonic()
        return await self._ask(lags)

    async def _ask(self, lags: Mapping[TopicPartition, int | None]) -> Mapping[TopicPartition, int]:
        """Compare with the broker's word; what has waited since the last time may not be there any more."""
        ends, now = await self.source.ends(list(lags)), self.monotonic()
        places = {tp: self.claims.held[tp].next for tp in lags if tp in self.claims.held}
        before, self._waits = self._waits, {}
        for tp, place in places.items():
            if ends[tp] > place:
                last = before.get(tp)
                since = last.since if last is not None and last.place == place else now
                self._waits[tp] = Wait(place, since, bool(lags[tp]))
        self._tell({tp: ends[tp] - wait.place for tp, wait in self._waits.items() if not wait.known})
        still = [tp for tp, wait in self._waits.items() if wait.since < now]
        begins = await self.source.begins(still) if still else {}
        return {tp: begin for tp, begin in begins.items() if begin > self._waits[tp].place}

    def _tell(self, lags: Mapping[TopicPartition, int]) -> None:
        for tp, lag in lags.items():
            self.metrics.lag.labels(self.group, tp.topic, str(tp.partition)).set(lag)

    def stands_still(self, seconds: float) -> bool:
        """Records wait and nothing has been handled for so long, or so long nobody has seen what waits in a partition.

        Or the group has not said for twice as long what is ours: others may be slow to let go, and then slow again.
        """
        now = self.monotonic()
        if self.outside is not None:
            return now - self.outside > 2 * seconds
        waits = [wait for tp, wait in self._waits.items() if tp not in self.stopped]
        unseen = any(not wait.known and now - wait.since > seconds for wait in waits)
        return unseen or (self.behind and now - self.handled > seconds)
