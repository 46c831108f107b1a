"""Queries for listening sessions."""

from collections.abc import Sequence
from datetime import datetime

from chassis.documents import AnyOf, AtLeast, Index
from chassis.service import ServiceContext
from intake.domain.sessions import FURTHEST_FOLLOW_UP, FollowUp, Session, SessionStatus
from intake.handlers.documents import SESSIONS

INDEXES = (Index(SESSIONS.name, (("state.operator", 1), ("state.status", 1), ("state.started_at", -1))),)
MOST, MOST_TALKS = 50, 200


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


async def follow_ups_between(
    context: ServiceContext, operator: str, first: datetime, last: datetime
) -> Sequence[FollowUp]:
    """The appointments of this operator's latest 200 talks in this time, the earliest first, at most 50."""
    where = {
        "state.operator": operator,
        "state.status": AnyOf((SessionStatus.ENDED.value, SessionStatus.OPEN.value)),
        "state.started_at": AtLeast(first - FURTHEST_FOLLOW_UP),
    }
    found = await context.list(SESSIONS, where, [("state.started_at", -1)], MOST_TALKS)
    agreed = [one for session in found for one in session.follow_ups if first <= one.at <= last]
    return sorted(agreed, key=lambda one: (one.at, one.id))[:MOST]
