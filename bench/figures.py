"""What was measured, and the arithmetic on it."""

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Drain:
    """One drain of one arm: from its first commit to its last, as the database saw them."""

    arm: str
    round: int
    events: int
    seconds: float
    per_second: float
    client_cpu: float  # seconds of processor time per thousand events
    mongod_cpu: float
    broker_cpu: float
    rss_mib: float


@dataclass(frozen=True)
class Killed:
    """What one arm lost and doubled under kill -9; copies are records that came again under the same id."""

    arm: str
    events: int
    kills: int
    lost: int
    doubled: int
    copies: int


@dataclass(frozen=True)
class Latency:
    """Milliseconds of one thing that was timed, one for each time."""

    name: str
    rate: float
    values: tuple[float, ...]
    missing: int = 0

    def at(self, share: float) -> float:
        """The percentile (0 to 1) in milliseconds."""
        return percentile(self.values, share)


@dataclass(frozen=True)
class Wakeup:
    """One way in which eight replicas wait for what others commit: processor time per second, and how late they knew."""

    way: str
    rate: float
    commits: int
    mongod_cpu: float
    client_cpu: float
    milliseconds: tuple[float, ...]


@dataclass
class Figures:
    """Everything of one run."""

    seed: int
    conditions: dict[str, str] = field(default_factory=dict)
    drains: list[Drain] = field(default_factory=list)
    killed: list[Killed] = field(default_factory=list)
    latencies: list[Latency] = field(default_factory=list)
    wakeups: list[Wakeup] = field(default_factory=list)
    sustained: dict[str, float] = field(default_factory=dict)

    def rates(self, arm: str) -> list[float]:
        """Events per second of every round of an arm."""
        return [row.per_second for row in self.drains if row.arm == arm]

    def rate(self, arm: str) -> float:
        """The median of an arm's rounds, 0 when there is none."""
        return median(self.rates(arm))

    def latency(self, name: str) -> Latency:
        """What was timed under this name."""
        return next((row for row in self.latencies if row.name == name), Latency(name, 0.0, ()))


def median(values: Sequence[float]) -> float:
    """The middle value, 0 of none."""
    return statistics.median(values) if values else 0.0


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least this share of all is not above (nearest rank); not a number of none."""
    if not values:
        return math.nan
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]
