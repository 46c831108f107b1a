"""Escalate a case whose due date has passed."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from chassis.handling import NOTHING, Change, Moment, Timer
from contracts.routing import CaseEscalated
from routing.domain.cases import Case, Missed, Status, with_missed
from routing.handlers.documents import CASES


@dataclass(frozen=True)
class DueDatePassed:
    """Timer: one due date of a case has passed."""

    report_id: str
    missed: Missed
    due_at: datetime


def due_timers(report_id: str, dates: Iterable[tuple[Missed, datetime]], moment: Moment) -> tuple[Timer, ...]:
    """The timers of these due dates; one that has passed fires at once."""
    return tuple(
        Timer(moment.id(f"{missed}-due"), date, DueDatePassed(report_id, missed, date), report_id)
        for missed, date in dates
    )


def escalate_case(timer: DueDatePassed, case: Case | None, moment: Moment) -> Change:
    """Record the missed date and publish CaseEscalated, unless the case ends or the date is recorded already."""
    if case is None or case.status is Status.RESOLVED or timer.missed in case.missed:
        return NOTHING
    if case.closing is not None or case.is_merged:
        return NOTHING
    return Change(
        write=[CASES.put(with_missed(case, timer.missed, moment.now))],
        events=[CaseEscalated(report_id=case.report_id, missed=timer.missed, due_at=timer.due_at)],
    )
