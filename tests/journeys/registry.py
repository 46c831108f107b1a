"""The journeys: functions that take the world, under the name of what a person does."""

from collections.abc import Callable
from typing import NamedTuple

from tests.journeys.walk import World


class Journey(NamedTuple):
    """What somebody does from the beginning to the end, and who."""

    who: str
    name: str
    run: Callable[[World], None]


JOURNEYS: list[Journey] = []


def journey(who: str) -> Callable[[Callable[[World], None]], Callable[[World], None]]:
    """Adds a function to the journeys of this role; its docstring is the name."""

    def add(run: Callable[[World], None]) -> Callable[[World], None]:
        JOURNEYS.append(Journey(who, (run.__doc__ or run.__name__).strip().rstrip("."), run))
        return run

    return add
