"""End a session: with its reports, or as one in which nothing was taken down."""

from dataclasses import dataclass, replace
from datetime import datetime

from chassis.errors import Refused
from chassis.handling import NOTHING, Change, Moment
from chassis.sealing import Sealed
from contracts.intake import FollowUpAgreed, ReportsOfKind, SessionHeld
from intake.domain.sessions import Session, SessionStatus, ended
from intake.handlers.documents import SESSIONS, TALKS
from intake.handlers.open_session import open_session, own_session


@dataclass(frozen=True)
class EndSession:
    """End the session; `ended_at` is what the device's clock showed."""

    session_id: str
    operator: str
    ended_at: datetime | None = None


@dataclass(frozen=True)
class AbandonSession:
    """Drop a session from which nothing came."""

    session_id: str
    operator: str


@dataclass(frozen=True)
class SessionForgotten:
    """A session is still open a day after its beginning."""

    session_id: str


def end_session(command: EndSession, session: Session | None, moment: Moment) -> Change:
    """End the session and publish SessionHeld; an ended one changes nothing.

    Raises Refused: 404, 403 for somebody else's session, 409 for an abandoned one.
    """
    session = own_session(session, command.operator)
    if session.status is SessionStatus.ENDED:
        return Change(answer={"session_id": session.session_id, "known": True})
    return _end(open_session(session, command.operator), moment, command.ended_at)


def abandon_session(
    command: AbandonSession, session: Session | None, sealed: Sealed | None, moment: Moment
) -> Change:
    """Drop the session and erase what was written in it; a dropped one changes nothing.

    Raises Refused: 404, 403 for somebody else's session, 409 for one that ended or has reports or appointments.
    """
    session = own_session(session, command.operator)
    if session.status is SessionStatus.ABANDONED:
        return Change(answer={"session_id": session.session_id, "known": True})
    session = open_session(session, command.operator)
    if session.reports or session.follow_ups:
        raise Refused(
            "session-has-results", "Reports or appointments came out of this session.", 409, fix="End it."
        )
    return _abandon(session, sealed, moment)


def end_forgotten_session(
    timer: SessionForgotten,  # noqa: ARG001
    session: Session | None,
    sealed: Sealed | None,
    moment: Moment,
) -> Change:
    """End a forgotten session that has results, and drop one that has none."""
    if session is None or not session.is_open:
        return NOTHING
    if session.reports or session.follow_ups:
        return _end(session, moment, None)
    return _abandon(session, sealed, moment)


def forgotten_timer(session_id: str) -> str:
    """The id of the timer of a forgotten session."""
    return f"forgotten:{session_id}"


def _end(session: Session, moment: Moment, ended_at: datetime | None) -> Change:
    after = ended(session, ended_at, moment.now)
    held = SessionHeld(
        session_id=after.session_id,
        operator=after.operator,
        neighbourhood=after.neighbourhood,
        started_at=after.started_at,
        ended_at=after.ended_at or moment.now,
        counts=tuple(ReportsOfKind(kind=kind, reports=n) for kind, n in after.counts.items()),
        report_ids=tuple(one.report_id for one in after.reports),
        follow_ups=tuple(FollowUpAgreed(at=one.at, what=one.what) for one in after.follow_ups),
    )
    return Change(
        write=[SESSIONS.put(after)],
        events=[held],
        cancel=[forgotten_timer(session.session_id)],
        answer={"session_id": session.session_id, "known": False},
    )


def _abandon(session: Session, sealed: Sealed | None, moment: Moment) -> Change:
    after = replace(session, status=SessionStatus.ABANDONED, ended_at=moment.now)
    erased = [] if sealed is None else [TALKS.put(replace(sealed, key=b"", fields={}))]
    return Change(
        write=[SESSIONS.put(after), *erased],
        cancel=[forgotten_timer(session.session_id)],
        answer={"session_id": session.session_id, "known": False},
    )
