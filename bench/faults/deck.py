"""What comes when: the kinds of faults, how often each comes, what it breaks, and the order that a seed gives them."""

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from bench.faults import disks, engines, processes, records
from bench.faults.ground import Ground
from stack.processes import StackError

Inject = Callable[[Ground], None]
SERVICES, ENGINES, LINKS = "services", "engines", "links"
# Where faults come side by side: the seconds that each lane rests between two of its own, on average.
WORKERS = {SERVICES: 1.0, ENGINES: 5.0, LINKS: 0.7}


@dataclass(frozen=True)
class Card:
    """One way of breaking something: how often of a hundred or so, and the lanes that nobody else may use meanwhile."""

    kind: str
    inject: Inject
    weight: int
    sessions: tuple[str, ...]


CARDS: Sequence[Card] = (
    Card("F1", processes.crash_at_point, 24, (SERVICES,)),
    Card("F2", processes.kill_at_random, 20, (SERVICES,)),
    Card("F3", processes.make_zombie, 3, (SERVICES,)),
    Card("F3", processes.make_zombie_at_point, 3, (SERVICES,)),
    Card("F4", engines.break_broker, 6, (ENGINES,)),
    Card("F5", engines.break_store, 8, (ENGINES,)),
    Card("F6", engines.misbehave, 18, (LINKS,)),
    Card("F6", engines.drop_quickly, 4, (LINKS,)),
    Card("F7", records.copy_everything, 2, (ENGINES,)),
    Card("F7", records.rewind, 2, (SERVICES,)),
    Card("F8", records.copy_shuffled, 3, (ENGINES,)),
    Card("F9", records.poison_topics, 1, (ENGINES,)),
    Card("F10", disks.fill_disk, 1, (ENGINES,)),
    Card("F11", processes.skew_clock, 3, (SERVICES,)),
    Card("F12", processes.slow_down, 3, (SERVICES,)),
    Card("F13", processes.storm_of_members, 4, (SERVICES,)),
    Card("F14", engines.restart_everything, 1, (ENGINES, SERVICES)),
)


def cards_of(kinds: frozenset[str]) -> list[Card]:
    """The cards of these kinds, all of them when none is named."""
    chosen = [card for card in CARDS if not kinds or card.kind in kinds]
    if not chosen:
        raise StackError(f"No such kinds of faults: {', '.join(sorted(kinds))}.")
    return chosen


def each_once(rng: random.Random, cards: Sequence[Card]) -> list[Card]:
    """Every card once."""
    return rng.sample(cards, len(cards))


def endless(rng: random.Random, cards: Sequence[Card]) -> Iterator[Card]:
    """Cards as often as they weigh, without end."""
    while True:
        yield from rng.choices(cards, [card.weight for card in cards], k=100)
