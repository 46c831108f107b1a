"""Write down who is talking: the household that the reports of a session share, and the notes of the talk."""

from dataclasses import dataclass, replace

from chassis.handling import Change, Moment
from chassis.sealing import Sealed
from intake.domain.draft_rules import place_faults
from intake.domain.places import Place
from intake.domain.sessions import Session
from intake.handlers.documents import SESSIONS, TALKS
from intake.handlers.open_session import open_session, with_fields
from intake.handlers.register_report import refusal


@dataclass(frozen=True)
class DescribeHousehold:
    """Replace place, language and contact; the contact is encrypted in `sealed`."""

    session_id: str
    operator: str
    place_id: str | None
    language: str
    sealed: Sealed


@dataclass(frozen=True)
class WriteNotes:
    """Replace the notes of the talk, which are encrypted in `sealed`."""

    session_id: str
    operator: str
    sealed: Sealed


def describe_household(
    command: DescribeHousehold,
    session: Session | None,
    sealed: Sealed | None,
    place: Place | None,
    moment: Moment,  # noqa: ARG001
) -> Change:
    """Write the household; raises Refused for a session that is over or somebody else's, and for an unknown place (422)."""
    session = open_session(session, command.operator)
    if command.place_id is not None and (fault := next(place_faults(place, session.started_at), None)):
        raise refusal(fault)
    after = replace(
        session,
        place_id=command.place_id,
        neighbourhood=place.neighbourhood or None if place else None,
        language=command.language,
    )
    return Change(
        write=[SESSIONS.put(after), TALKS.put(with_fields(sealed, command.sealed))],
        answer={"session_id": session.session_id},
    )


def write_notes(
    command: WriteNotes,
    session: Session | None,
    sealed: Sealed | None,
    moment: Moment,  # noqa: ARG001
) -> Change:
    """Write the notes; raises Refused for a session that is over or somebody else's."""
    session = open_session(session, command.operator)
    return Change(
        write=[TALKS.put(with_fields(sealed, command.sealed))], answer={"session_id": session.session_id}
    )
