"""Show the progress of a report's case in routing."""

from chassis.errors import Early
from chassis.handling import NOTHING, Change, Moment
from contracts.routing import CaseEscalated, CaseHeld, CaseOpened, CaseResolved
from intake.domain.reports import Report, Status, move
from intake.handlers.documents import REPORTS


def show_in_charge(event: CaseOpened, report: Report | None, moment: Moment) -> Change:
    """Show the office in charge of the report and the due date."""
    report = _known(event.report_id, report)
    return _moved(report, move(report, Status.IN_CHARGE, moment.now, route=event.route, due_at=event.due_at))


def show_held(event: CaseHeld, report: Report | None, moment: Moment) -> Change:
    """Show that no office can take the report yet, and the due date."""
    report = _known(event.report_id, report)
    return _moved(report, move(report, Status.HELD, moment.now, due_at=event.due_at))


def show_escalated(event: CaseEscalated, report: Report | None, moment: Moment) -> Change:
    """Show that the due date was missed; the due date itself does not change."""
    report = _known(event.report_id, report)
    return _moved(report, move(report, Status.ESCALATED, moment.now, missed=event.missed))


def show_closed(event: CaseResolved, report: Report | None, moment: Moment) -> Change:
    """Show the outcome of the report; a withdrawn report stays withdrawn."""
    report = _known(event.report_id, report)
    return _moved(report, move(report, Status.CLOSED, moment.now, outcome=event.outcome))


def _known(report_id: str, report: Report | None) -> Report:
    if report is None:
        raise Early(REPORTS.name, report_id)
    return report


def _moved(before: Report, after: Report) -> Change:
    return NOTHING if after == before else Change(write=[REPORTS.put(after)])
