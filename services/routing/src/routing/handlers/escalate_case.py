"""Escalate a case whose due date has passed."""

from dataclasses import dataclass
from datetime import datetime

from chassis.handling import NOTHING, Change, Moment
from contracts.routing import CaseEscalated
from routing.domain.cases import Case, Missed, Status, with_missed
from routing.handlers.documents import CASES


@dataclass(frozen=True)
class DueDatePassed:
    """Timer: one due date of a case has passed."""

    report_id: str
    missed: Missed
    due_at: datetime


def escalate_case(timer: DueDatePassed, case: Case | None, _moment: Moment) -> Change:
    """Record the missed date and publish CaseEscalated, unless the case is resolved or the date is recorded already."""
    if case is None or case.status is Status.RESOLVED or timer.missed in case.missed:
        return NOTHING
    return Change(
        write=[CASES.put(with_missed(case, timer.missed))],
        events=[CaseEscalated(report_id=case.report_id, missed=timer.missed, due_at=timer.due_at)],
    )
