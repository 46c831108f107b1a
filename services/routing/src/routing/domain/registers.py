"""Registers: the rules, operators and calendar that decisions are based on."""

from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import lru_cache

from routing.domain.calendar import Calendar
from routing.domain.rules import Decision, Held, Operator, Reported, RuleTable, decide

CURRENT = "current"


@dataclass(frozen=True)
class Loading:
    """When a content was put in force."""

    content: str
    at: datetime


@dataclass(frozen=True, eq=False)
class Register:
    """The reference data in force; `content` is its fingerprint, `revision` the number of changes so far."""

    content: str
    rules: RuleTable
    operators: tuple[Operator, ...]
    calendar: Calendar
    revision: int = 0
    id: str = CURRENT
    loading: Loading | None = None

    @property
    def since(self) -> datetime | None:
        """When it was put in force; None for a register that was loaded before this date was stored."""
        return self.loading.at if self.loading is not None and self.loading.content == self.content else None


@lru_cache(maxsize=256)
def decision_by(register: Register, reported: Reported, day: date) -> Decision:
    """Who handles such a report on this day; an urgency class without time limits is held, because it has no due date."""
    decision = decide(reported, register.rules, register.operators, day)
    if any(clocks.urgency == reported.urgency for clocks in register.calendar.clocks):
        return decision
    return replace(decision, route=None, operator=None, held=Held.UNKNOWN_URGENCY)
