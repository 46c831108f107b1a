"""Take a report back."""

from dataclasses import dataclass

from chassis.errors import Refused
from chassis.handling import Change, Moment
from contracts.intake import ReportWithdrawn
from intake.domain.reports import Report, Status, move
from intake.handlers.documents import REPORTS


@dataclass(frozen=True)
class WithdrawReport:
    """Whoever made the report takes it back."""

    report_id: str
    reason: str


def withdraw_report(command: WithdrawReport, report: Report | None, moment: Moment) -> Change:
    """Withdraw an open report and say so; again changes nothing, and a closed report is refused."""
    if report is None:
        raise Refused("no-such-report", "There is no report with this code and PIN.", status=404)
    if report.status is Status.CLOSED:
        raise Refused(
            "report-closed", "The report is closed already.", fix="Make a new report if it is not solved."
        )
    answer = {"tracking_code": report.tracking_code, "status": Status.WITHDRAWN.value}
    if report.status is Status.WITHDRAWN:
        return Change(answer=answer)
    return Change(
        write=[REPORTS.put(move(report, Status.WITHDRAWN, moment.now))],
        events=[ReportWithdrawn(report_id=report.report_id, reason=command.reason)],
        answer=answer,
    )
