"""The fault context: what a fault may touch, and the record of what was injected when."""

import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from bench.faults.environment import Environment
from bench.faults.monitor import Monitor, Offsets
from bench.faults.poison import Poison

PATIENCE = 120.0


@dataclass
class Injection:
    """One fault: one act against one target, from its start (seconds since 1970) until nothing is broken any more.

    A killed process, a stopped or paused engine, a misbehaving link, a member that joins or leaves and a skewed clock are
    one fault each. Everything killed at once is one fault. Republishing all records of a round is one, however many they
    are; all kinds of poison on one topic are one for that topic. `count` is the number of faults in this entry. `recovery`
    is the time from the end of the act (a killed process is dead, a stopped one is started again) until everything that
    was accepted before it is finished; startup time is included.
    """

    kind: str
    what: str
    at: float
    lasted: float | None = None
    recovery: float | None = None
    count: int = 1

    def heal(self) -> float:
        """Mark the end of the fault unless it is marked already; return that time."""
        if self.lasted is None:
            self.lasted = round(time.time() - self.at, 2)
        return self.at + self.lasted


@dataclass
class BudgetSampler:
    """Checks the budgets every few seconds while load and faults continue."""

    every: float = 5.0
    taken: int = 0
    violations: list[str] = field(default_factory=list)
    _last: float = 0.0

    def sample(self, monitor: Monitor) -> None:
        """Check the budgets when the interval has passed; raises EngineUnavailable."""
        if time.monotonic() - self._last >= self.every:
            self._last = time.monotonic()
            self.violations += monitor.budget_violations()
            self.taken += 1


@dataclass
class FaultContext:
    """One environment under load, and the faults injected into it."""

    environment: Environment
    monitor: Monitor
    rng: random.Random
    log: Callable[[str], None]
    calm: bool = True
    spare: frozenset[str] = frozenset()
    start_offsets: Offsets = field(default_factory=dict)
    injections: list[Injection] = field(default_factory=list)
    skipped: dict[str, str] = field(default_factory=dict)
    poisons: list[Poison] = field(default_factory=list)
    notes: dict[str, Any] = field(default_factory=dict)
    over: threading.Event = field(default_factory=threading.Event)
    budget_sampler: BudgetSampler = field(default_factory=BudgetSampler)

    @contextmanager
    def fault(self, kind: str, what: str, *, count: int = 1, timed: bool = True) -> Iterator[Injection]:
        """Record a fault that is injected and healed in the block; then time the recovery if faults are sequential."""
        injection = Injection(kind, what, time.time(), count=count)
        yield injection
        healed = injection.heal()
        self.injections.append(injection)
        if self.calm and timed:
            finished = self.monitor.wait_finished(healed, PATIENCE)
            injection.recovery = round(time.time() - healed, 2) if finished else PATIENCE
        self._report(injection)

    def settle(self) -> None:
        """When faults are sequential, wait until everything accepted is finished, so that the next recovery is timed alone."""
        if self.calm:
            self.monitor.wait_finished(time.time(), PATIENCE)

    def _report(self, one: Injection) -> None:
        recovered = "" if one.recovery is None else f", recovered after {one.recovery:.1f} s"
        self.log(f"{one.kind:<4}{one.what}, {one.lasted or 0.0:.1f} s{recovered}")

    def skip(self, kind: str, reason: str) -> None:
        """Record that this kind cannot be injected here, and why."""
        if kind not in self.skipped:
            self.log(f"{kind:<4}skipped: {reason}")
        self.skipped[kind] = reason

    def pause(self, seconds: float) -> None:
        """Wait, or return at once when the round is over."""
        self.over.wait(seconds)

    @property
    def injected(self) -> int:
        """The number of injected faults."""
        return sum(one.count for one in self.injections)
