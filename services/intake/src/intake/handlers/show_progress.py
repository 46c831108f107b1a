"""Show where a report stands, as routing tells it."""

from chassis.errors import Early
from chassis.handling import NOTHING, Change, Moment
from contracts.routing import CaseEscalated, CaseHeld, CaseOpened, CaseResolved
from intake.domain.reports import Report, Status, move
from intake.handlers.documents import REPORTS


def show_in_charge(event: CaseOpened, report: Report | None, moment: Moment) -> Change:
    """Show that somebody looks after the report, who, and by when."""
    report = _known(event.report_id, report)
    return _moved(report, move(report, Status.IN_CHARGE, moment.now, route=event.route, due_at=event.due_at))


def show_held(event: CaseHeld, report: Report | None, moment: Moment) -> Change:
    """Show that nobody can take the report yet, and by when it is due all the same."""
    report = _known(event.report_id, report)
    return _moved(report, move(report, Status.HELD, moment.now, due_at=event.due_at))


def show_escalated(event: CaseEscalated, report: Report | None, moment: Moment) -> Change:
    """Show that a date was missed and that the coordinator knows; the date that was promised stays."""
    report = _known(event.report_id, report)
    return _moved(report, move(report, Status.ESCALATED, moment.now))


def show_closed(event: CaseResolved, report: Report | None, moment: Moment) -> Change:
    """Show that the report is closed, and how; what the tenant withdrew stays withdrawn."""
    report = _known(event.report_id, report)
    return _moved(report, move(report, Status.CLOSED, moment.now, outcome=event.outcome))


def _known(report_id: str, report: Report | None) -> Report:
    if report is None:
        raise Early(REPORTS.name, report_id)
    return report


def _moved(before: Report, after: Report) -> Change:
    return NOTHING if after == before else Change(write=[REPORTS.put(after)])
