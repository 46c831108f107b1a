"""What counts does with each event that it subscribes to."""

from dataclasses import dataclass

from contracts.counts import CasesCounted

from chassis.documents import Collection
from chassis.handling import Change, Moment, Reactions, ignore, on
from contracts.routing import CaseOpened
from contracts.topics import BY_NAME


@dataclass(frozen=True)
class Neighbourhood:
    """The cases that a neighbourhood has had."""

    code: str
    opened: int


NEIGHBOURHOODS = Collection(
    "neighbourhoods", Neighbourhood, lambda one: one.code, publishes=("counts.neighbourhoods",)
)


def count_case(event: CaseOpened, before: Neighbourhood | None, _: Moment) -> Change:
    """Count a case that has been opened."""
    after = Neighbourhood(event.neighbourhood, (before.opened if before else 0) + 1)
    counted = CasesCounted(neighbourhood=after.code, opened=after.opened)
    return Change(write=[NEIGHBOURHOODS.put(after)], events=[counted])


SUBSCRIBES = ("routing.cases",)
REACTIONS = Reactions(
    on(CaseOpened, lambda event: (NEIGHBOURHOODS[event.neighbourhood],), count_case),
    ignore(*(event for event in BY_NAME["routing.cases"].events if event is not CaseOpened)),
)
