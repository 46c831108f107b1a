"""Agree on a follow-up in a session, or drop it."""

from dataclasses import dataclass, replace
from datetime import datetime

from chassis.errors import Refused
from chassis.handling import NOTHING, Change, Moment
from chassis.sealing import Sealed
from intake.domain.sessions import (
    FURTHEST_FOLLOW_UP,
    MOST_FOLLOW_UPS,
    FollowUp,
    FollowUpKind,
    Session,
    with_follow_up,
)
from intake.handlers.documents import SESSIONS, TALKS
from intake.handlers.open_session import open_session, with_fields


@dataclass(frozen=True)
class AgreeFollowUp:
    """Agree on an appointment, or change it; what else was agreed is encrypted in `sealed`."""

    session_id: str
    operator: str
    follow_up_id: str
    at: datetime
    what: FollowUpKind
    place_id: str | None
    sealed: Sealed


@dataclass(frozen=True)
class DropFollowUp:
    """Take the appointment out of the session."""

    session_id: str
    operator: str
    follow_up_id: str


def agree_follow_up(
    command: AgreeFollowUp, session: Session | None, sealed: Sealed | None, moment: Moment
) -> Change:
    """Write the appointment; the same again changes nothing.

    Raises Refused for a session that is over or somebody else's, for a time before the talk or in more than two years (422),
    and for more than 20 appointments (409).
    """
    session = open_session(session, command.operator)
    if not session.started_at <= command.at <= moment.now + FURTHEST_FOLLOW_UP:
        raise Refused(
            "follow-up-time",
            "The appointment is before the talk, or in more than two years.",
            422,
            "at",
            "Write a day that comes.",
        )
    follow_up = FollowUp(command.follow_up_id, command.at, command.what.value, command.place_id)
    after = with_follow_up(session, follow_up)
    if len(after.follow_ups) > MOST_FOLLOW_UPS:
        raise Refused("too-many-follow-ups", f"A session has at most {MOST_FOLLOW_UPS} appointments.", 409)
    return Change(
        write=[SESSIONS.put(after), TALKS.put(with_fields(sealed, command.sealed))],
        answer={"follow_up_id": command.follow_up_id},
    )


def drop_follow_up(
    command: DropFollowUp,
    session: Session | None,
    sealed: Sealed | None,
    moment: Moment,  # noqa: ARG001
) -> Change:
    """Take the appointment out, with its words; one that is not there changes nothing."""
    session = open_session(session, command.operator)
    if session.follow_up(command.follow_up_id) is None or sealed is None:
        return NOTHING
    left = tuple(one for one in session.follow_ups if one.id != command.follow_up_id)
    fields = {name: data for name, data in sealed.fields.items() if name != words_of(command.follow_up_id)}
    return Change(
        write=[SESSIONS.put(replace(session, follow_ups=left)), TALKS.put(replace(sealed, fields=fields))],
        answer={"follow_up_id": command.follow_up_id},
    )


def words_of(follow_up_id: str) -> str:
    """The name of the encrypted field with what else was agreed for an appointment."""
    return f"follow-up/{follow_up_id}"
