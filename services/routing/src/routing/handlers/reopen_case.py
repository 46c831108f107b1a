"""Reopen a resolved case."""

from dataclasses import dataclass

from chassis.errors import Early, Refused
from chassis.handling import NOTHING, Change, Moment
from contracts.intake import ReportReopened
from contracts.routing import CaseReopened
from routing.domain.absences import NOBODY_AWAY, Absences
from routing.domain.calendar import ROME, due
from routing.domain.cases import Case, Outcome, Status, dates_to_watch, reopened
from routing.domain.decisions import decision_again
from routing.domain.history import Staff
from routing.domain.registers import CURRENT, Register
from routing.handlers.close_withdrawn_case import leaving
from routing.handlers.documents import CASES, REGISTERS
from routing.handlers.escalate_case import due_timers
from routing.handlers.follow_timers import follow_timers
from routing.handlers.open_case import to_milliseconds
from routing.handlers.refusals import known


@dataclass(frozen=True)
class ReopenCase:
    """Work on this resolved case again."""

    report_id: str
    by: Staff


def reopen_case(
    command: ReopenCase,
    case: Case | None,
    register: Register | None,
    absences: Absences | None,
    moment: Moment,
) -> Change:
    """Open a resolved case again with new due dates, for whoever had it or, when they are away, by the rules.

    Raises Refused when there is no case, when it is not resolved, or when the tenant has withdrawn the report.
    """
    return _reopened(_resolved(case), register, absences, moment, command.by)


def reopen_reported_case(
    event: ReportReopened,
    case: Case | None,
    register: Register | None,
    absences: Absences | None,
    moment: Moment,
) -> Change:
    """Open the resolved case of a report that the tenant says is not solved; one that is worked on already does not change.

    Raises Early while the case does not exist yet.
    """
    if case is None:
        raise Early(CASES.name, event.report_id)
    if case.status is not Status.RESOLVED or case.outcome is Outcome.WITHDRAWN:
        return NOTHING
    return _reopened(case, register, absences, moment, None)


def _reopened(
    case: Case, register: Register | None, absences: Absences | None, moment: Moment, by: Staff | None
) -> Change:
    if register is None:
        raise Early(REGISTERS.name, CURRENT)
    today = moment.now.astimezone(ROME).date()
    decision = decision_again(register, case, today, absences or NOBODY_AWAY)
    left = leaving(case, moment, case.voices)
    dates = due(register.calendar, case.urgency, case.province, to_milliseconds(moment.now))
    timers = due_timers(case.report_id, dates_to_watch(dates, moment.now), moment)
    watched = tuple(timer.id for timer in timers)
    case = reopened(case, decision, dates, watched, moment.now, by)
    fact = CaseReopened(
        report_id=case.report_id, route=case.route, operator=case.operator, due_at=case.due_at
    )
    answer = {"report_id": case.report_id, "status": case.status.value}
    return Change(
        write=[CASES.put(case)],
        events=[fact],
        timers=(*timers, *left, *follow_timers(case, moment)),
        answer=answer,
    )


def _resolved(case: Case | None) -> Case:
    case = known(case)
    if case.status is not Status.RESOLVED:
        raise Refused("not-resolved", "The case is not resolved.", fix="Nothing is left to do.")
    if case.merged_into is not None:
        raise Refused("merged", "The case is merged into another one.", fix="Reopen that one.")
    if case.outcome is Outcome.WITHDRAWN:
        raise Refused(
            "withdrawn", "The tenant has withdrawn the report.", fix="A new problem needs a new report."
        )
    return case
