"""Show the progress of a report's case in routing."""

from chassis.errors import Early
from chassis.handling import NOTHING, Change, Moment
from contracts.routing import (
    CaseCorrected,
    CaseEscalated,
    CaseHandedOff,
    CaseHeld,
    CaseMerged,
    CaseOpened,
    CaseRaised,
    CaseReassigned,
    CaseReopened,
    CaseResolved,
    CaseSplit,
)
from intake.domain.reports import (
    HANDED_OFF,
    RAISED,
    REASSIGNED,
    Report,
    Status,
    corrected,
    handled_by,
    move,
    reopen,
)
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
    return _moved(report, move(report, Status.ESCALATED, moment.now, code=event.missed))


def show_reassigned(event: CaseReassigned, report: Report | None, moment: Moment) -> Change:
    """Show that somebody else looks after the report, and the due date; never who or why."""
    report = _known(event.report_id, report)
    after = move(
        report, Status.IN_CHARGE, moment.now, what=REASSIGNED, route=event.route, due_at=event.due_at
    )
    return _moved(report, after)


def show_handed_off(event: CaseHandedOff, report: Report | None, moment: Moment) -> Change:
    """Show the desk that looks after the report from now on; the due date does not change."""
    report = _known(event.report_id, report)
    return _moved(report, move(report, Status.IN_CHARGE, moment.now, what=HANDED_OFF, route=event.route))


def show_reopened(event: CaseReopened, report: Report | None, moment: Moment) -> Change:
    """Show that a closed report is worked on again, and the new due date; a withdrawn report stays withdrawn."""
    report = _known(event.report_id, report)
    return _moved(report, reopen(report, moment.now, event.route, event.due_at))


def show_closed(event: CaseResolved, report: Report | None, moment: Moment) -> Change:
    """Show the outcome of the report; a withdrawn report stays withdrawn."""
    report = _known(event.report_id, report)
    return _moved(report, move(report, Status.CLOSED, moment.now, code=event.outcome))


def show_merged(event: CaseMerged, report: Report | None, moment: Moment) -> Change:
    """Show the office and the due date of the case that the report shares; the step is there since the reports were merged."""
    report = _known(event.report_id, report)
    return _moved(report, handled_by(report, event.route, event.due_at, moment.now))


def show_split(event: CaseSplit, report: Report | None, moment: Moment) -> Change:
    """Show the office and the due date of the report's own case again."""
    report = _known(event.report_id, report)
    return _moved(report, handled_by(report, event.route, event.due_at, moment.now))


def show_corrected(event: CaseCorrected, report: Report | None, moment: Moment) -> Change:
    """Show that the report was corrected, who has it now, and the due date that follows."""
    report = _known(event.report_id, report)
    return _moved(report, corrected(report, event.route, event.due_at, moment.now))


def show_raised(event: CaseRaised, report: Report | None, moment: Moment) -> Change:
    """Show that the report became more urgent, and its new due date."""
    report = _known(event.report_id, report)
    return _moved(report, move(report, report.status, moment.now, what=RAISED, due_at=event.due_at))


def _known(report_id: str, report: Report | None) -> Report:
    if report is None:
        raise Early(REPORTS.name, report_id)
    return report


def _moved(before: Report, after: Report) -> Change:
    return NOTHING if after == before else Change(write=[REPORTS.put(after)])
