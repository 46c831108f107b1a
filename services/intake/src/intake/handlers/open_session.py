"""What the handlers of a session share: it must exist, be the operator's own and be open."""

from dataclasses import replace

from chassis.errors import Refused
from chassis.sealing import Sealed
from intake.domain.sessions import Session


def own_session(session: Session | None, operator: str) -> Session:
    """The session; raises Refused: 404 when there is none, 403 when somebody else holds it."""
    if session is None:
        raise Refused("no-such-session", "There is no session with this id.", 404)
    if session.operator != operator:
        raise Refused("not-your-session", "Another operator holds this session.", 403)
    return session


def open_session(session: Session | None, operator: str) -> Session:
    """The session that can still be changed; raises Refused as `own_session` does, and 409 when it has ended."""
    session = own_session(session, operator)
    if not session.is_open:
        raise Refused(
            "session-over",
            "The session has ended.",
            409,
            fix="Start another one, or make the report without.",
        )
    return session


def with_fields(sealed: Sealed | None, added: Sealed) -> Sealed:
    """The encrypted part with these fields; raises Refused (410) when its key is another one, because it was erased."""
    if sealed is None or sealed.key != added.key:
        raise Refused("session-erased", "What was said in this session was erased.", 410)
    return replace(sealed, fields={**sealed.fields, **added.fields})
