"""The fault catalogue: the kinds of faults, their weights, what each one affects, and the order that a seed gives them."""

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from bench.faults import disks, engines, processes, records
from bench.faults.context import FaultContext
from stack.processes import StackError

Inject = Callable[[FaultContext], None]
SERVICES, ENGINES, LINKS = "services", "engines", "links"
# Mean seconds between two faults of a scope when faults are injected concurrently.
MEAN_PAUSES = {SERVICES: 1.0, ENGINES: 5.0, LINKS: 0.7}


@dataclass(frozen=True)
class Fault:
    """One way to break something: its relative frequency, and the scopes that it locks while it is injected."""

    kind: str
    inject: Inject
    weight: int
    scopes: tuple[str, ...]


FAULTS: Sequence[Fault] = (
    Fault("F1", processes.crash_at_point, 24, (SERVICES,)),
    Fault("F2", processes.kill_at_random, 20, (SERVICES,)),
    Fault("F3", processes.make_zombie, 3, (SERVICES,)),
    Fault("F3", processes.make_zombie_at_point, 3, (SERVICES,)),
    Fault("F4", engines.break_broker, 6, (ENGINES,)),
    Fault("F5", engines.break_store, 8, (ENGINES,)),
    Fault("F6", engines.misbehave, 18, (LINKS,)),
    Fault("F6", engines.drop_quickly, 4, (LINKS,)),
    Fault("F7", records.copy_everything, 2, (ENGINES,)),
    Fault("F7", records.rewind, 2, (SERVICES,)),
    Fault("F8", records.copy_shuffled, 3, (ENGINES,)),
    Fault("F9", records.poison_topics, 1, (ENGINES,)),
    Fault("F10", disks.fill_disk, 1, (ENGINES,)),
    Fault("F11", processes.skew_clock, 3, (SERVICES,)),
    Fault("F12", processes.slow_down, 3, (SERVICES,)),
    Fault("F13", processes.storm_of_members, 4, (SERVICES,)),
    Fault("F14", engines.restart_everything, 1, (ENGINES, SERVICES)),
)


def faults_of(kinds: frozenset[str]) -> list[Fault]:
    """The faults of these kinds; all when none is named."""
    chosen = [fault for fault in FAULTS if not kinds or fault.kind in kinds]
    if not chosen:
        raise StackError(f"No faults of these kinds: {', '.join(sorted(kinds))}.")
    return chosen


def each_once(rng: random.Random, faults: Sequence[Fault]) -> list[Fault]:
    """Every fault once, in random order."""
    return rng.sample(faults, len(faults))


def weighted(rng: random.Random, faults: Sequence[Fault]) -> Iterator[Fault]:
    """An endless sequence of faults, chosen by weight."""
    while True:
        yield from rng.choices(faults, [fault.weight for fault in faults], k=100)
