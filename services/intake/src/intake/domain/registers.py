"""The registers: what a report can be about, and where."""

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """Who is asked to help."""

    TECHNICAL = "technical"
    ADMINISTRATIVE = "administrative"
    SOCIAL = "social"
    CONTRIBUTION = "contribution"
    DANGER = "danger"


class Urgency(StrEnum):
    """How soon: danger, emergency, urgent, ordinary, procedure, social follow-up."""

    E0 = "e0"
    E1 = "e1"
    U = "u"
    N = "n"
    A = "a"
    S = "s"


_RAISED = {Urgency.N: Urgency.U, Urgency.U: Urgency.E1}


@dataclass(frozen=True)
class Category:
    """Something a report can be about."""

    code: str
    label: str
    kind: Kind
    urgency: Urgency
    examples: tuple[str, ...] = ()


@dataclass(frozen=True)
class Place:
    """Somewhere a report can be about: a stair, a building or a whole neighbourhood."""

    id: str
    label: str
    neighbourhood: str
    neighbourhood_label: str
    province: str
    province_label: str


@dataclass(frozen=True)
class Register:
    """A list that the agency edits, with the version of the file it was read from."""

    name: str
    version: str
    revision: int = 0
    categories: tuple[Category, ...] = ()
    places: tuple[Place, ...] = ()

    def category(self, code: str) -> Category | None:
        """The category with this code, if the register has it."""
        return next((category for category in self.categories if category.code == code), None)

    def place(self, id: str) -> Place | None:  # noqa: A002 - a place's id is called id
        """The place with this id, if the register has it."""
        return next((place for place in self.places if place.id == id), None)


def class_of(category: Category, frail: bool) -> Urgency:
    """The urgency class of a report: a frail person in the home raises n to u, and u to e1."""
    return _RAISED.get(category.urgency, category.urgency) if frail else category.urgency
