"""The plan of a campaign: what the operator types, and what happens to the phone in between."""

import random
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from tests.field.account import Typed

CONSONANTS, VOWELS = "bcdfglmnprstvz", "aeiou"
SYLLABLES = 6
MOST_PHOTOS = 8


class Happening(StrEnum):
    """What happens before the operator takes down a report."""

    AWAY = "the network goes away"
    BACK = "the network comes back"
    UPDATE = "a new version of the app is published"
    EXPIRED = "the login ends on the server"
    KILL = "the browser is killed while it sends"
    KILL_SAVING = "the browser is killed while it saves"


@dataclass(frozen=True)
class Plan:
    """The reports in order, and what happens before each, by its place."""

    typed: Sequence[Typed]
    happenings: Mapping[int, Sequence[Happening]]

    @property
    def kills(self) -> int:
        """How often the browser is killed."""
        kills = (Happening.KILL, Happening.KILL_SAVING)
        return sum(one in kills for several in self.happenings.values() for one in several)


def make_plan(reports: int, photos: int, kills: int, seed: int) -> Plan:
    """The plan for these numbers; raises ValueError when so many photos or kills have no room."""
    if not 0 <= photos <= reports * MOST_PHOTOS or not 0 <= kills <= reports // 2 or reports < 5:
        raise ValueError(
            "A campaign needs 5 reports, at most 8 photos for each and one kill for two of them."
        )
    chance = random.Random(seed)
    words = _words(chance, reports)
    owners = chance.sample([*range(reports)] * MOST_PHOTOS, photos)
    numbers: dict[int, list[int]] = defaultdict(list)
    for number, owner in enumerate(owners, start=1):
        numbers[owner].append(number)
    typed = [Typed(word, tuple(numbers[place])) for place, word in enumerate(words)]
    return Plan(typed, _happenings(reports, kills))


def _words(chance: random.Random, count: int) -> list[str]:
    """Different words of one length, so that none is a part of another."""
    found: dict[str, None] = {}
    while len(found) < count:
        found["".join(chance.choice(CONSONANTS) + chance.choice(VOWELS) for _ in range(SYLLABLES))] = None
    return [*found]


def _happenings(reports: int, kills: int) -> dict[int, list[Happening]]:
    """A fifth of the reports is taken down without a network, and the app is updated meanwhile; the login ends half-way.

    The first kill is while the network is away, when the outbox cannot be empty."""
    happen: dict[int, list[Happening]] = defaultdict(list)
    happen[reports // 5].append(Happening.AWAY)
    happen[reports * 3 // 10].append(Happening.UPDATE)
    happen[reports * 2 // 5].append(Happening.BACK)
    happen[reports // 2].append(Happening.EXPIRED)
    happen[reports * 7 // 10].append(Happening.UPDATE)
    for number in range(kills):
        kind = Happening.KILL if number % 2 else Happening.KILL_SAVING
        happen[reports * 3 // 10 + number * (reports * 7 // 10) // kills].append(kind)
    return happen
