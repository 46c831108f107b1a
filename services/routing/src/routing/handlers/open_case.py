"""Open the case of a registered report."""

from datetime import UTC, datetime

from chassis.errors import Early
from chassis.handling import NOTHING, Change, Moment, Timer
from contracts.intake import ReportRegistered
from contracts.routing import CaseHeld, CaseOpened, RoutingCase
from routing.domain.calendar import ROME, due
from routing.domain.cases import Case, dates_to_watch, opened
from routing.domain.registers import CURRENT, Register, decision_by
from routing.domain.rules import Held, Reported
from routing.handlers.documents import CASES, REGISTERS
from routing.handlers.escalate_case import DueDatePassed


def open_case(
    event: ReportRegistered, case: Case | None, register: Register | None, moment: Moment
) -> Change:
    """Open or hold the case of a report and start timers for its due dates; a report that has a case changes nothing.

    Raises Early while no register is in force.
    """
    if case is not None:
        return NOTHING
    if register is None:
        raise Early(REGISTERS.name, CURRENT)
    reported = Reported(event.category, event.kind, event.urgency, event.neighbourhood, event.province)
    decision = decision_by(register, reported, moment.now.astimezone(ROME).date())
    dates = due(register.calendar, event.urgency, event.province, to_milliseconds(event.heard_at))
    timers = tuple(
        Timer(moment.id(f"{missed}-due"), date, DueDatePassed(event.report_id, missed, date), event.report_id)
        for missed, date in dates_to_watch(dates, moment.now)
    )
    watched = tuple(timer.id for timer in timers)
    case = opened(event.report_id, event.place_id, reported, decision, dates, moment.now, watched)
    return Change(write=[CASES.put(case)], events=[_event(case)], timers=timers)


def _event(case: Case) -> RoutingCase:
    if case.route is None:
        return CaseHeld(
            report_id=case.report_id,
            rule=case.rule,
            rules_version=case.rules_version,
            reason=case.held or Held.NO_RULE_MATCHES,
            urgency=case.urgency,
            neighbourhood=case.neighbourhood,
            due_at=case.due_at,
        )
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


def to_milliseconds(instant: datetime) -> datetime:
    """The instant in UTC, truncated to the milliseconds that the database stores."""
    utc = instant.astimezone(UTC)
    return utc.replace(microsecond=utc.microsecond // 1000 * 1000)
