"""What decisions are taken by: rules, operators and calendar, together and dated."""

from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache

from routing.domain.calendar import Calendar
from routing.domain.rules import Decision, Held, Operator, Reported, RuleTable, decide

CURRENT = "current"


@dataclass(frozen=True, eq=False)
class Register:
    """The settled data in force; `content` fingerprints it and `revision` counts how often it was changed."""

    content: str
    rules: RuleTable
    operators: tuple[Operator, ...]
    calendar: Calendar
    revision: int = 0
    id: str = CURRENT


@lru_cache(maxsize=256)
def decision_by(register: Register, reported: Reported, day: date) -> Decision:
    """Who looks after such a report on this day; a class without terms is held, because nobody could say by when."""
    decision = decide(reported, register.rules, register.operators, day)
    if any(clocks.urgency == reported.urgency for clocks in register.calendar.clocks):
        return decision
    return replace(decision, route=None, operator=None, held=Held.UNKNOWN_URGENCY)
