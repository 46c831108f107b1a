"""The ground that faults fall on: what every kind of fault may touch, and the record of what was injected when."""

import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from bench.faults.poison import Poison
from bench.faults.stand import Stand
from bench.faults.watch import Ends, Watch

PATIENCE = 120.0


@dataclass
class Injection:
    """One fault: one act against one target, from when it began (seconds since 1970) until nothing was kept broken any more.

    A process killed, an engine stopped or frozen, a link that misbehaves for a while, a member that joins or leaves, a clock
    that is off: each is one. Everything killed at once is one. All records of a round said again are one, however many
    they are; every kind of poison on one topic is one for that topic. `count` says how many are in this line.
    `recovery` is the time from the end of the act (a killed process is dead, a stopped one is started again) until
    everything that was accepted before it was finished; what it takes to start again is in it.
    """

    kind: str
    what: str
    at: float
    lasted: float | None = None
    recovery: float | None = None
    count: int = 1

    def heal(self) -> float:
        """Nothing is kept broken from now on, unless that was said before; the time when it was."""
        if self.lasted is None:
            self.lasted = round(time.time() - self.at, 2)
        return self.at + self.lasted


@dataclass
class Moments:
    """Looks at the money while everything goes on, every few seconds."""

    every: float = 5.0
    taken: int = 0
    lies: list[str] = field(default_factory=list)
    _last: float = 0.0

    def take(self, watch: Watch) -> None:
        """Looks, when it is time; raises Away."""
        if time.monotonic() - self._last >= self.every:
            self._last = time.monotonic()
            self.lies += watch.money_lies()
            self.taken += 1


@dataclass
class Ground:
    """One stand under load, and the faults that it had to take."""

    stand: Stand
    watch: Watch
    rng: random.Random
    say: Callable[[str], None]
    calm: bool = True
    spare: frozenset[str] = frozenset()
    marks: Ends = field(default_factory=dict)
    injections: list[Injection] = field(default_factory=list)
    skipped: dict[str, str] = field(default_factory=dict)
    poisons: list[Poison] = field(default_factory=list)
    notes: dict[str, Any] = field(default_factory=dict)
    over: threading.Event = field(default_factory=threading.Event)
    moments: Moments = field(default_factory=Moments)

    @contextmanager
    def fault(self, kind: str, what: str, *, count: int = 1, timed: bool = True) -> Iterator[Injection]:
        """Something is done to the stand inside and healed by the end; then the recovery is timed, if all else is calm."""
        injection = Injection(kind, what, time.time(), count=count)
        yield injection
        healed = injection.heal()
        self.injections.append(injection)
        if self.calm and timed:
            finished = self.watch.finish(healed, PATIENCE)
            injection.recovery = round(time.time() - healed, 2) if finished else PATIENCE
        self._tell(injection)

    def settle(self) -> None:
        """Waits, when all else is calm, until what was accepted is finished: the next recovery is then the next fault's own."""
        if self.calm:
            self.watch.finish(time.time(), PATIENCE)

    def _tell(self, one: Injection) -> None:
        recovered = "" if one.recovery is None else f", finished {one.recovery:.1f} s after"
        self.say(f"{one.kind:<4}{one.what}, {one.lasted or 0.0:.1f} s{recovered}")

    def skip(self, kind: str, reason: str) -> None:
        """This kind cannot be injected here; the result says why."""
        if kind not in self.skipped:
            self.say(f"{kind:<4}skipped: {reason}")
        self.skipped[kind] = reason

    def rest(self, seconds: float) -> None:
        """Waits, but not when everything is over."""
        self.over.wait(seconds)

    @property
    def injected(self) -> int:
        """How many faults there were."""
        return sum(one.count for one in self.injections)
