"""Pages of messages, the newest first, as staff filters them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from chassis.documents import AtMost, Between, Index
from chassis.service import ServiceContext
from notify.domain.messages import Message, Status
from notify.handlers.documents import MESSAGES
from notify.queries.messages import MessageView, view_of

NEWEST_FIRST = (("state.written_at", -1), ("_id", -1))
INDEXES = tuple(
    Index(MESSAGES.name, (*chosen, ("state.written_at", 1), ("_id", 1)))
    for chosen in ((), (("state.status", 1),), (("state.template", 1),))
)
EVER, FAR = (datetime.fromisoformat(f"{year}-01-01T00:00:00+00:00") for year in (1970, 9999))
MILLISECOND = timedelta(milliseconds=1)  # the resolution of stored times


@dataclass(frozen=True)
class MessageFilter:
    """Which messages: with this status, of this kind, written in this period; None is any."""

    status: Status | None = None
    template: str | None = None
    first: datetime | None = None
    last: datetime | None = None


@dataclass(frozen=True)
class Position:
    """Where a page begins: at this message, which was written at this time."""

    written_at: datetime
    message_id: str


@dataclass(frozen=True)
class MessagePage:
    """Some messages, and where the next page begins; None on the last one."""

    messages: Sequence[MessageView]
    following: Position | None


async def message_page(
    context: ServiceContext, wanted: MessageFilter, start: Position | None, size: int
) -> MessagePage:
    """The messages from this position on, at most `size`, the newest first."""
    found = await _from(context, wanted, start, size + 1)
    following = Position(found[size].written_at, found[size].message_id) if len(found) > size else None
    return MessagePage([view_of(message) for message in found[:size]], following)


async def _from(
    context: ServiceContext, wanted: MessageFilter, start: Position | None, limit: int
) -> list[Message]:
    """The messages at the time of the position, from its message on, then the older ones."""
    first, last = wanted.first or EVER, wanted.last or FAR
    if start is None:
        return await _list(context, wanted, {"state.written_at": Between(first, last)}, limit)
    same_time = Between(start.written_at, start.written_at)
    ties = await _list(
        context, wanted, {"state.written_at": same_time, "_id": AtMost(start.message_id)}, limit
    )
    if len(ties) == limit:
        return ties
    earlier = Between(first, start.written_at - MILLISECOND)
    return ties + await _list(context, wanted, {"state.written_at": earlier}, limit - len(ties))


async def _list(
    context: ServiceContext, wanted: MessageFilter, position: dict[str, Any], limit: int
) -> list[Message]:
    chosen = {"state.status": wanted.status and wanted.status.value, "state.template": wanted.template}
    where = {path: value for path, value in chosen.items() if value is not None} | position
    return await context.list(MESSAGES, where, NEWEST_FIRST, limit)
