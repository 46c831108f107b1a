"""Open the case of a registered report."""

from datetime import UTC, datetime

from chassis.errors import Early
from chassis.handling import NOTHING, Change, Moment
from contracts.intake import ReportRegistered
from contracts.routing import CaseHeld, CaseOpened, RoutingCase
from routing.domain.absences import NOBODY_AWAY, Absences
from routing.domain.calendar import ROME, due
from routing.domain.cases import Case, dates_to_watch, opened
from routing.domain.decisions import decision_by
from routing.domain.registers import CURRENT, Register
from routing.domain.rules import Held, Reported
from routing.handlers.documents import CASES, REGISTERS
from routing.handlers.escalate_case import due_timers


def open_case(
    event: ReportRegistered,
    case: Case | None,
    register: Register | None,
    absences: Absences | None,
    moment: Moment,
) -> Change:
    """Open or hold the case of a report and start timers for its due dates; a report that has a case changes nothing.

    Raises Early while no register is in force.
    """
    if case is not None:
        return NOTHING
    if register is None:
        raise Early(REGISTERS.name, CURRENT)
    reported = Reported(event.category, event.kind, event.urgency, event.neighbourhood, event.province)
    today = moment.now.astimezone(ROME).date()
    decision = decision_by(register, reported, today, absences or NOBODY_AWAY)
    dates = due(register.calendar, event.urgency, event.province, to_milliseconds(event.heard_at))
    timers = due_timers(event.report_id, dates_to_watch(dates, moment.now), moment)
    watched = tuple(timer.id for timer in timers)
    case = opened(event.report_id, event.place_id, reported, decision, dates, moment.now, watched)
    return Change(write=[CASES.put(case)], events=[_event(case)], timers=timers)


def _event(case: Case) -> RoutingCase:
    if case.route is None:
        return case_held(case)
    return CaseOpened(
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


def case_held(case: Case) -> CaseHeld:
    """The event for a case that nobody can take."""
    return CaseHeld(
        report_id=case.report_id,
        rule=case.rule,
        rules_version=case.rules_version,
        reason=case.held or Held.NO_RULE_MATCHES,
        urgency=case.urgency,
        neighbourhood=case.neighbourhood,
        due_at=case.due_at,
    )


def to_milliseconds(instant: datetime) -> datetime:
    """The instant in UTC, truncated to the milliseconds that the database stores."""
    utc = instant.astimezone(UTC)
    return utc.replace(microsecond=utc.microsecond // 1000 * 1000)
