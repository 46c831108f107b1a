"""Start a listening session."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from chassis.errors import Refused
from chassis.handling import Change, Moment, Timer
from chassis.sealing import Sealed
from intake.domain.sessions import FORGOTTEN_AFTER, Session, hearing_time
from intake.handlers.documents import SESSIONS, TALKS
from intake.handlers.end_session import SessionForgotten, forgotten_timer


@dataclass(frozen=True)
class StartSession:
    """Start a session of this operator; `sealed` holds the key under which all that is said in it is encrypted.

    `started_at` and `sent_at` are what the device's clock showed at the beginning of the talk and when it sent the command.
    """

    session_id: str
    operator: str
    sealed: Sealed
    started_at: datetime | None = None
    sent_at: datetime | None = None


def start_session(
    command: StartSession,
    session: Session | None,
    sealed: Sealed | None,  # noqa: ARG001 - declared because it is written
    moment: Moment,
) -> Change:
    """Start the session, and a timer that ends it when it is forgotten; the same session again changes nothing.

    Raises Refused (422) for the id of another operator's session, and for a time that cannot be the beginning of a talk.
    """
    if session is not None:
        return _known(command, session)
    heard = hearing_time(command.started_at, command.sent_at, moment.now)
    if heard is None:
        raise Refused(
            "talk-time",
            "The talk begins after it is sent, or more than 30 days ago.",
            422,
            "started_at",
            "Check the clock of the device.",
        )
    skew_ms = heard.skew // timedelta(milliseconds=1)
    session = Session(command.session_id, command.operator, heard.at, moment.now, skew_ms)
    body, due = SessionForgotten(command.session_id), moment.now + FORGOTTEN_AFTER
    timer = Timer(forgotten_timer(command.session_id), due, body, command.session_id)
    return Change(
        write=[SESSIONS.put(session), TALKS.put(command.sealed)],
        timers=[timer],
        answer={"session_id": session.session_id, "known": False},
    )


def _known(command: StartSession, session: Session) -> Change:
    if session.operator != command.operator:
        raise Refused("id-reused", "Another session has this id.", 422, "session_id", "Send a new id.")
    return Change(answer={"session_id": session.session_id, "known": True})
