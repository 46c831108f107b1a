"""Withdraw a report."""

from dataclasses import dataclass, replace

from chassis.errors import Refused
from chassis.handling import Change, Moment
from contracts.intake import ReportWithdrawn
from intake.domain.reports import Report, Status, move
from intake.handlers.documents import REPORTS
from intake.handlers.merge_reports import lost_voices
from intake.handlers.move_follower import moves


@dataclass(frozen=True)
class WithdrawReport:
    """The reporter withdraws the report."""

    report_id: str
    reason: str


def withdraw_report(command: WithdrawReport, report: Report | None, moment: Moment) -> Change:
    """Withdraw an open report and publish ReportWithdrawn; the same withdrawal again changes nothing.

    The reports that share its case stay together: the first that joined has the case from now on. Raises Refused for a missing report (404) and a closed one (409).
    """
    if report is None:
        raise Refused("no-such-report", "There is no report with this code and PIN.", status=404)
    if report.status is Status.CLOSED:
        raise Refused(
            "report-closed", "The report is already closed.", fix="Make a new report if it is not solved."
        )
    answer = {"tracking_code": report.tracking_code, "status": Status.WITHDRAWN.value}
    if report.status is Status.WITHDRAWN:
        return Change(answer=answer)
    withdrawn = replace(move(report, Status.WITHDRAWN, moment.now), voices=max(0, report.voices - 1))
    return Change(
        write=[REPORTS.put(withdrawn)],
        events=[ReportWithdrawn(report_id=report.report_id, reason=command.reason)],
        timers=(
            *lost_voices(report, 1, moment, report.report_id),
            *moves(report, moment),
        ),
        answer=answer,
    )
