"""Merge reports about one problem, and split them again."""

from collections.abc import Callable
from dataclasses import dataclass

from chassis.errors import Early, Refused
from chassis.handling import NOTHING, Change, Moment, Timer
from contracts.base import Event
from contracts.intake import ReportMerged, ReportSplit
from intake.domain.categories import Categories, Kind
from intake.domain.reports import ENDED, Report, joined, parted, without_follower
from intake.handlers.documents import CATEGORIES, REPORTS

FactOfVoices = Callable[[int], Event]


@dataclass(frozen=True)
class MergeReport:
    """The staff says that this report is about the same problem as the main one."""

    report_id: str
    main_id: str
    reason: str


@dataclass(frozen=True)
class SplitReport:
    """The staff says that this report is about a problem of its own."""

    report_id: str
    main_id: str
    reason: str


@dataclass(frozen=True)
class VoicesLost:
    """Timer: a report that this one counts lost voices; one that shares its case no longer is named."""

    report_id: str
    lost: int
    follower: str | None = None


def merge_report(
    command: MergeReport,
    report: Report | None,
    main: Report | None,
    categories: Categories | None,
    moment: Moment,
) -> Change:
    """Merge a report with those that had joined it into the main one and publish ReportMerged; again changes nothing.

    Raises Refused (409) for a report with itself, for one that has ended, for one that is merged already, for a main report that
    is merged itself, and for a contribution, of which each has a decision of its own.
    """
    report, main = _known(report), _known(main)
    if report.merged_into == main.report_id:
        return Change(answer=_answer(main))
    if report.merged_into is not None:
        raise Refused("already-merged", "The report is merged with another one.", fix="Split it first.")
    for one in (report, main):
        _check_kind(one, categories)
    return with_main(report, main, moment, lambda voices: _merged(command, voices))


def with_main(report: Report, main: Report, moment: Moment, fact: FactOfVoices) -> Change:
    """The change that lets a report share the case of a main one; `fact` makes its event from the voices of both."""
    if report.report_id == main.report_id:
        raise Refused("same-report", "A report cannot be merged with itself.")
    if report.status in ENDED or main.status in ENDED:
        raise Refused("report-ended", "One of the reports has ended.", fix="Choose a report that is open.")
    if main.merged_into is not None:
        raise Refused(
            "main-merged", "The other report is merged itself.", fix="Choose the report that it shares."
        )
    report, main = joined(report, main, moment.now)
    return Change(
        write=[REPORTS.put(report), REPORTS.put(main)], events=[fact(main.voices)], answer=_answer(main)
    )


def split_report(command: SplitReport, report: Report | None, main: Report | None, moment: Moment) -> Change:
    """Split a report from its main one, with those that had joined it, and publish ReportSplit; again changes nothing.

    Raises Refused (409) for a report that has ended, and for one that is merged with another one by now.
    """
    report, main = _known(report), _known(main)
    if report.merged_into is None:
        return Change(answer=_answer(main))
    if report.merged_into != main.report_id:
        raise Refused(
            "merged-elsewhere", "The report is merged with another one by now.", fix="Look at it again."
        )
    if report.status in ENDED:
        raise Refused("report-ended", "The report has ended.", fix="Reopen the main report first.")
    lost = report.voices
    report, main = parted(report, main, moment.now)
    fact = ReportSplit(
        report_id=report.report_id, main_id=main.report_id, voices=main.voices, reason=command.reason
    )
    return Change(
        write=[REPORTS.put(report), REPORTS.put(main)],
        events=[fact],
        timers=lost_voices(main, lost, moment),
        answer=_answer(main),
    )


def count_lost_voices(timer: VoicesLost, report: Report | None, moment: Moment) -> Change:
    """Count fewer voices, and tell the report that this one is merged into."""
    if report is None:
        return NOTHING
    after = without_follower(report, timer.follower, timer.lost)
    return Change(write=[REPORTS.put(after)], timers=lost_voices(after, timer.lost, moment))


def lost_voices(report: Report, lost: int, moment: Moment, follower: str | None = None) -> tuple[Timer, ...]:
    """The timer that tells the report above, if this one is merged into one; `follower` is this one when it leaves."""
    if report.merged_into is None or (lost == 0 and follower is None):
        return ()
    body = VoicesLost(report.merged_into, lost, follower)
    return (Timer(moment.id(f"lost/{report.report_id}"), moment.now, body, report.merged_into),)


def _merged(command: MergeReport, voices: int) -> Event:
    return ReportMerged(
        report_id=command.report_id, main_id=command.main_id, voices=voices, reason=command.reason
    )


def _known(report: Report | None) -> Report:
    if report is None:
        raise Refused("no-such-report", "There is no report with this id.", status=404)
    return report


def _check_kind(report: Report, categories: Categories | None) -> None:
    if categories is None:
        raise Early(CATEGORIES.name, "categories")
    category = categories.category(report.category)
    if category is not None and category.kind is Kind.CONTRIBUTION:
        raise Refused("not-mergeable", "A request for a contribution has a decision of its own.")


def _answer(main: Report) -> dict[str, object]:
    return {"main_id": main.report_id, "tracking_code": main.tracking_code, "voices": main.voices}
