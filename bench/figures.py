"""The measured figures, and the arithmetic on them."""

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field

from bench.costs import Cost, merged


@dataclass(frozen=True)
class Drain:
    """One drain of one variant, from its first commit to its last as the database recorded them."""

    arm: str  # the variant; results keep this column name
    round: int
    events: int
    seconds: float
    per_second: float
    client_cpu: float  # processor seconds per thousand events
    mongod_cpu: float
    broker_cpu: float
    rss_mib: float


@dataclass(frozen=True)
class Killed:
    """What one variant lost and doubled under kill -9; copies are records that repeat an id."""

    arm: str  # the variant; results keep this column name
    events: int
    kills: int
    lost: int
    doubled: int
    copies: int


@dataclass(frozen=True)
class Latency:
    """The samples of one timed operation in milliseconds, and how many never ended."""

    name: str
    rate: float
    values: tuple[float, ...]
    missing: int = 0

    def at(self, share: float) -> float:
        """The percentile (0 to 1) in milliseconds."""
        return percentile(self.values, share)


@dataclass(frozen=True)
class Wakeup:
    """One way in which eight replicas wait for commits: processor seconds per second, and the delay of each notification in ms."""

    way: str
    rate: float
    commits: int
    mongod_cpu: float
    client_cpu: float
    milliseconds: tuple[float, ...]


@dataclass(frozen=True)
class Scaled:
    """What so many processes of a service did: reports routed or letters handed over, and processor ms for each of them."""

    service: str
    processes: int
    done: int
    per_second: float
    own_ms: float
    all_ms: float
    share: float  # of all processors that was busy


@dataclass
class Figures:
    """All figures of one run."""

    seed: int
    conditions: dict[str, str] = field(default_factory=dict)
    drains: list[Drain] = field(default_factory=list)
    killed: list[Killed] = field(default_factory=list)
    latencies: list[Latency] = field(default_factory=list)
    wakeups: list[Wakeup] = field(default_factory=list)
    costs: list[Cost] = field(default_factory=list)
    scaled: list[Scaled] = field(default_factory=list)
    sustained: dict[str, float] = field(default_factory=dict)

    def rates(self, variant: str) -> list[float]:
        """Events per second of every round of a variant."""
        return [row.per_second for row in self.drains if row.arm == variant]

    def rate(self, variant: str) -> float:
        """The median over a variant's rounds; 0 without rounds."""
        return median(self.rates(variant))

    def latency(self, name: str) -> Latency:
        """The samples recorded under this name, of all rounds; empty without any."""
        found = [row for row in self.latencies if row.name == name]
        if not found:
            return Latency(name, 0.0, ())
        values = tuple(value for row in found for value in row.values)
        return Latency(name, found[0].rate, values, sum(row.missing for row in found))

    def cost(self, name: str) -> Cost | None:
        """What was recorded under this name, all rounds together."""
        found = [row for row in self.costs if row.name == name]
        return merged(found) if found else None


def median(values: Sequence[float]) -> float:
    """The median; 0 for an empty sequence."""
    return statistics.median(values) if values else 0.0


def percentile(values: Sequence[float], share: float) -> float:
    """The nearest-rank percentile; NaN for an empty sequence."""
    if not values:
        return math.nan
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]
