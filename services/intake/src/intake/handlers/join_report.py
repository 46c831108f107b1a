"""Register a report that joins an earlier one: "Anch'io"."""

from dataclasses import dataclass, replace

from chassis.errors import Refused
from chassis.handling import Change, Moment
from contracts.intake import ReportJoined
from intake.domain.categories import Categories
from intake.domain.places import Place
from intake.domain.reports import Report
from intake.domain.sessions import Session
from intake.handlers.documents import REPORTS, SESSIONS, PrivatePart
from intake.handlers.merge_reports import with_main
from intake.handlers.register_report import RegisterReport, register_report
from intake.handlers.take_report import TakenIn, taken


@dataclass(frozen=True)
class JoinReport:
    """Register this report, which is about the same problem as the main one; `taken_in` is the session that it was heard in, if any."""

    main_id: str
    report: RegisterReport
    taken_in: TakenIn | None = None


def join_report(
    command: JoinReport,
    main: Report | None,
    report: Report | None,
    sealed: PrivatePart | None,
    categories: Categories | None,
    place: Place | None,
    session: Session | None,
    moment: Moment,
) -> Change:
    """Register the report as `register_report` does, and publish ReportJoined too; a report that is known changes nothing.

    Raises Refused as `register_report` and `take_report` do, for a missing main report (404), for one that others do not see (403), and for one
    that has ended or is merged itself (409).
    """
    change = register_report(command.report, report, sealed, categories, place, moment)
    if report is not None or categories is None:
        return change
    if main is None:
        raise Refused("no-such-report", "There is no report to join.", status=404, field="joins")
    for code in (main.category, command.report.category):
        category = categories.category(code)
        if category is None or not category.is_public:
            raise Refused("not-joinable", "Reports of this category are private.", status=403, field="joins")
    registered = next(put.state for put in change.write if put.collection is REPORTS)
    shared = with_main(registered, main, moment, lambda voices: _joined(registered, main, voices))
    others = [put for put in change.write if put.collection is not REPORTS]
    if command.taken_in is not None:
        others.append(SESSIONS.put(taken(command.report, command.taken_in, session, categories)))
    return replace(change, write=[*shared.write, *others], events=[*change.events, *shared.events])


def _joined(report: Report, main: Report, voices: int) -> ReportJoined:
    return ReportJoined(report_id=report.report_id, main_id=main.report_id, voices=voices)
