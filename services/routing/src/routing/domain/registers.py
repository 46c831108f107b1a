"""What decisions are taken by: rules, operators and calendar, together and dated."""

from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import lru_cache

from routing.domain.calendar import Calendar
from routing.domain.rules import Decision, Held, Operator, Reported, RuleTable, decide

CURRENT = "current"


@dataclass(frozen=True)
class Loading:
    """When which content was put in force."""

    content: str
    at: datetime


@dataclass(frozen=True, eq=False)
class Register:
    """The settled data in force; `content` fingerprints it and `revision` counts how often it was changed."""

    content: str
    rules: RuleTable
    operators: tuple[Operator, ...]
    calendar: Calendar
    revision: int = 0
    id: str = CURRENT
    loading: Loading | None = None

    @property
    def since(self) -> datetime | None:
        """Since when it is in force; nobody knows of one that a build put in force which did not write it down."""
        return self.loading.at if self.loading is not None and self.loading.content == self.content else None


@lru_cache(maxsize=256)
def decision_by(register: Register, reported: Reported, day: date) -> Decision:
    """Who looks after such a report on this day; a class without terms is held, because nobody could say by when."""
    decision = decide(reported, register.rules, register.operators, day)
    if any(clocks.urgency == reported.urgency for clocks in register.calendar.clocks):
        return decision
    return replace(decision, route=None, operator=None, held=Held.UNKNOWN_URGENCY)
