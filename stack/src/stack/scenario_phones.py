"""The part of a scenario that operators take down on phones without a network."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from stack.scenario_world import Phone, Talk

if TYPE_CHECKING:
    from stack.scenario import ScenarioWriter

MOST_PHONES = 4
# In the seed files; the list of places no longer has it, and a phone that had no network since then still offers it.
CLOSED_PLACE = "bg-monterosso-09"
NUMBERS = 4
HOUR = 3600


def phones(writer: "ScenarioWriter", first: int, size: int) -> Iterator[Phone]:
    """The phones of a scenario of this size, whose clocks are slow or fast; the numbers of their reports begin with `first`."""
    for position in range(min(MOST_PHONES, size // 80)):
        number, place = first + NUMBERS * position, str(writer.rng.choice(writer.places)["id"])
        problems = [writer.problem(number + 1 + one) for one in range(1 + position % 2)]
        alone = writer.report(number + 3, "technical", plain=True)
        at = writer.start + timedelta(days=1 + position)
        talk = Talk(
            writer.new_id(number),
            {"contact": writer.contact(number), "place_id": place, "language": "it"},
            tuple(replace(one, body=one.body | {"place_id": place}) for one in problems),
            {"at": at.isoformat(), "what": "home-visit"},
        )
        yield Phone(
            talk,
            replace(alone, interface="phone", body=alone.body | {"channel": "operator"}),
            late=(1 + 7 * position) * HOUR,
            behind=(-2 * HOUR, 0, 40, 9 * HOUR)[position],
            photos={problems[0].number: 2, alone.number: 1},
            shown_place="" if position else CLOSED_PLACE,
        )
