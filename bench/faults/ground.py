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
    """One fault: what and when (seconds since 1970), how long it lasted, and how long until nothing was unfinished."""

    kind: str
    what: str
    at: float
    lasted: float = 0.0
    recovery: float | None = None
    count: int = 1


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

    @contextmanager
    def fault(self, kind: str, what: str, count: int = 1) -> Iterator[Injection]:
        """Something is done to the stand inside; it is healed at the end, and then the recovery is timed if all else is calm."""
        injection = Injection(kind, what, time.time(), count=count)
        self.notes["now"] = f"{kind} {what}"
        yield injection
        healed = time.time()
        injection.lasted = round(healed - injection.at, 2)
        self.injections.append(injection)
        if self.calm:
            finished = self.watch.finish(healed, PATIENCE)
            injection.recovery = round(time.time() - healed, 2) if finished else PATIENCE
        self._tell(injection)

    def _tell(self, one: Injection) -> None:
        recovered = "" if one.recovery is None else f", finished {one.recovery:.1f} s after"
        self.say(f"{one.kind:<4}{one.what}, {one.lasted:.1f} s{recovered}")

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
