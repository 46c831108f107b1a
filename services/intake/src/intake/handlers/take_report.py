"""Take down a report in a session."""

from dataclasses import dataclass, replace

from chassis.errors import Refused
from chassis.handling import Change, Moment
from intake.domain.categories import Categories
from intake.domain.places import Place
from intake.domain.reports import Report
from intake.domain.sessions import MOST_REPORTS, Session, TakenReport
from intake.handlers.documents import SESSIONS, PrivatePart
from intake.handlers.open_session import open_session
from intake.handlers.register_report import RegisterReport, register_report


@dataclass(frozen=True)
class TakenIn:
    """The listening session in which a report is taken down, and the issuer's id of who holds it."""

    session_id: str
    operator: str


@dataclass(frozen=True)
class TakeReport:
    """Register a report that was heard in a session of this operator."""

    session_id: str
    operator: str
    report: RegisterReport


def take_report(
    command: TakeReport,
    session: Session | None,
    report: Report | None,
    sealed: PrivatePart | None,
    categories: Categories | None,
    place: Place | None,
    moment: Moment,
) -> Change:
    """Register the report as `register_report` does and add it to the session; a report that is known changes nothing.

    Raises Refused as `register_report` does, for a session that is over or somebody else's, and for its 51st report (409).
    """
    change = register_report(command.report, report, sealed, categories, place, moment)
    if report is not None or categories is None:
        return change
    after = taken(command.report, TakenIn(command.session_id, command.operator), session, categories)
    return replace(change, write=[*change.write, SESSIONS.put(after)])


def taken(
    report: RegisterReport, taken_in: TakenIn, session: Session | None, categories: Categories
) -> Session:
    """The session with one more report; raises Refused when it is over or somebody else's, and for its 51st report (409)."""
    session = open_session(session, taken_in.operator)
    if len(session.reports) >= MOST_REPORTS:
        raise Refused(
            "session-full", f"The session has {MOST_REPORTS} reports.", 409, fix="Start another session."
        )
    category = categories.category(report.category)
    one = TakenReport(report.report_id, category.kind if category else "")
    return replace(session, reports=(*session.reports, one))
