"""Queries for listening sessions."""

from collections.abc import Sequence
from datetime import datetime

from chassis.documents import AtLeast, Index
from chassis.service import ServiceContext
from intake.domain.sessions import Session, SessionStatus
from intake.handlers.documents import SESSIONS

INDEXES = (Index(SESSIONS.name, (("state.operator", 1), ("state.status", 1), ("state.started_at", -1))),)
MOST = 50


async def session_of(context: ServiceContext, session_id: str) -> Session | None:
    """The session with this id, or None."""
    return await context.load(SESSIONS, session_id)


async def open_sessions(context: ServiceContext, operator: str) -> Sequence[Session]:
    """The open sessions of this operator, the latest first, at most 50."""
    where = {"state.operator": operator, "state.status": SessionStatus.OPEN.value}
    return await context.list(SESSIONS, where, [("state.started_at", -1)], MOST)


async def ended_since(context: ServiceContext, operator: str, since: datetime) -> Sequence[Session]:
    """The sessions of this operator that began since then and have ended, the latest first, at most 50."""
    where = {
        "state.operator": operator,
        "state.status": SessionStatus.ENDED.value,
        "state.started_at": AtLeast(since),
    }
    return await context.list(SESSIONS, where, [("state.started_at", -1)], MOST)
