"""Keep the reports together that shared the case of a report which was withdrawn."""

from dataclasses import dataclass, replace

from chassis.handling import NOTHING, Change, Moment, Timer
from contracts.intake import ReportMerged, ReportSplit
from intake.domain.reports import ENDED, Report, joined, parted, without_follower
from intake.handlers.documents import REPORTS

WITHDRAWN = "main-withdrawn"


@dataclass(frozen=True)
class MoveFollower:
    """Timer: the report that this one is merged into was withdrawn; from now on it shares the case of `to_id`, or has its own."""

    report_id: str
    from_id: str
    to_id: str | None


def moves(withdrawn: Report, moment: Moment) -> tuple[Timer, ...]:
    """The timers that move the followers: to the report above, or else the first to join has the case and the others follow it."""
    first = withdrawn.followers[0] if withdrawn.followers else None
    target = withdrawn.merged_into or first
    return tuple(
        Timer(
            moment.id(f"move/{one}"),
            moment.now,
            MoveFollower(one, withdrawn.report_id, None if one == target else target),
            one,
        )
        for one in withdrawn.followers
    )


def move_follower(
    timer: MoveFollower, report: Report | None, left: Report | None, main: Report | None, moment: Moment
) -> Change:
    """Merge the report into another one, or give it a case of its own when there is none that is open; nothing when it has moved."""
    if report is None or left is None or report.merged_into != timer.from_id or report.status in ENDED:
        return NOTHING
    if main is None or main.status in ENDED:
        report, left = parted(report, left, moment.now)
        alone = ReportSplit(
            report_id=report.report_id, main_id=left.report_id, voices=left.voices, reason=WITHDRAWN
        )
        return Change(write=[REPORTS.put(report), REPORTS.put(left)], events=[alone])
    counted = report.voices if left.merged_into == main.report_id else 0
    report, main = joined(report, replace(main, voices=main.voices - counted), moment.now)
    left = without_follower(left, report.report_id, report.voices)
    fact = ReportMerged(
        report_id=report.report_id, main_id=main.report_id, voices=max(1, main.voices), reason=WITHDRAWN
    )
    return Change(write=[REPORTS.put(one) for one in (report, left, main)], events=[fact])
