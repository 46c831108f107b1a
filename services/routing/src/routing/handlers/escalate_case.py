"""A date has passed: whoever coordinates hears of it."""

from dataclasses import dataclass
from datetime import datetime

from chassis.handling import NOTHING, Change, Moment
from contracts.routing import CaseEscalated
from routing.domain.cases import Case, Missed, Status, late
from routing.handlers.documents import CASES


@dataclass(frozen=True)
class DueDatePassed:
    """One of the dates of a case has come."""

    report_id: str
    missed: Missed
    due_at: datetime


def escalate_case(timer: DueDatePassed, case: Case | None, _moment: Moment) -> Change:
    """Say which date was missed, unless the case is resolved."""
    if case is None or case.status is Status.RESOLVED or timer.missed in case.missed:
        return NOTHING
    return Change(
        write=[CASES.put(late(case, timer.missed))],
        events=[CaseEscalated(report_id=case.report_id, missed=timer.missed, due_at=timer.due_at)],
    )
