"""Decide again about the case of a corrected report."""

from dataclasses import replace

from chassis.errors import Early
from chassis.handling import Change, Moment
from contracts.intake import ReportCorrected
from contracts.routing import CaseCorrected
from routing.domain.absences import NOBODY_AWAY, Absences
from routing.domain.calendar import ROME, due
from routing.domain.cases import Case, Missed
from routing.domain.corrections import corrected, decided_again, is_worked_on, with_dates
from routing.domain.decisions import decision_by
from routing.domain.registers import CURRENT, Register
from routing.domain.rules import Reported
from routing.handlers.documents import CASES, REGISTERS
from routing.handlers.escalate_case import due_timers
from routing.handlers.open_case import to_milliseconds


def correct_case(
    event: ReportCorrected,
    case: Case | None,
    register: Register | None,
    absences: Absences | None,
    moment: Moment,
) -> Change:
    """Give the case the corrected codes, and to whom the rules give it now, with due dates from when it was heard.

    A case that has ended, is ending or follows another one only gets the codes. Raises Early while the case does not exist yet or
    no register is in force.
    """
    if case is None:
        raise Early(CASES.name, event.report_id)
    if register is None:
        raise Early(REGISTERS.name, CURRENT)
    reported = Reported(event.category, event.kind, event.urgency, event.neighbourhood, event.province)
    after = corrected(case, reported, event.place_id, event.reason, moment.now)
    if not is_worked_on(case):
        return Change(write=[CASES.put(after)])
    today, away = moment.now.astimezone(ROME).date(), absences or NOBODY_AWAY
    before = decision_by(register, case.reported, today, away)
    after = decided_again(after, decision_by(register, after.reported, today, away), before)
    return _with_timers(case, after, register, moment)


def _with_timers(case: Case, after: Case, register: Register, moment: Moment) -> Change:
    begins = to_milliseconds(after.reopened_at or after.heard_at)
    after = with_dates(after, due(register.calendar, after.urgency, after.province, begins), moment.now)
    dates = ((Missed.CONTACT, after.contact_due_at), (Missed.COMPLETION, after.due_at))
    timers = due_timers(after.report_id, [one for one in dates if one[0] not in after.missed], moment)
    after = replace(after, timers=tuple(timer.id for timer in timers))
    return Change(write=[CASES.put(after)], events=[_fact(after)], timers=timers, cancel=case.timers)


def _fact(case: Case) -> CaseCorrected:
    return CaseCorrected(
        report_id=case.report_id,
        route=case.route,
        operator=case.operator,
        rule=case.rule,
        rules_version=case.rules_version,
        urgency=case.urgency,
        neighbourhood=case.neighbourhood,
        contact_due_at=case.contact_due_at,
        due_at=case.due_at,
    )
