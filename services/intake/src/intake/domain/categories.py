"""The category of a report: what it is about, who handles it and how soon."""

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """The kind of help that a category needs."""

    TECHNICAL = "technical"
    ADMINISTRATIVE = "administrative"
    SOCIAL = "social"
    CONTRIBUTION = "contribution"
    DANGER = "danger"


class Urgency(StrEnum):
    """The urgency class: danger, emergency, urgent, ordinary, procedure, social follow-up."""

    E0 = "e0"
    E1 = "e1"
    U = "u"
    N = "n"
    A = "a"
    S = "s"


_RAISED = {Urgency.N: Urgency.U, Urgency.U: Urgency.E1}


@dataclass(frozen=True)
class Category:
    """One category of the register."""

    code: str
    label: str
    kind: Kind
    urgency: Urgency
    examples: tuple[str, ...] = ()

    @property
    def is_sensitive(self) -> bool:
        """Whether the label tells about health or family life, so that no subject line or locked screen may show it."""
        return self.kind is Kind.SOCIAL


def class_of(category: Category, frail: bool) -> Urgency:
    """The urgency class of a report: a frail person in the home raises n to u, and u to e1."""
    return _RAISED.get(category.urgency, category.urgency) if frail else category.urgency
