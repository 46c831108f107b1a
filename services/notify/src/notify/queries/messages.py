"""Messages as staff reads them, and how long the oldest one is pending."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime, timedelta

from chassis.documents import AnyOf, Index
from chassis.errors import Refused
from chassis.service import ServiceContext
from notify.domain.messages import Message, ResendReason, Status
from notify.handlers.documents import MESSAGES

OLDEST_FIRST = (("state.written_at", 1),)
INDEXES = (
    Index(MESSAGES.name, (("state.report_id", 1), *OLDEST_FIRST)),
    # The index of the pages, which ends with the id, serves this query too.
    Index(MESSAGES.name, (("state.status", 1), *OLDEST_FIRST), retired=True),
)


@dataclass(frozen=True)
class MessageView:
    """A message without its recipient, whom only intake knows."""

    message_id: str
    report_id: str
    template: str
    channel: str
    status: Status
    written_at: datetime
    settled_at: datetime | None
    reason: str | None
    language: str | None
    fallback_from: str | None
    resent_as: str | None
    copy_of: str | None
    copy_reason: ResendReason | None
    can_be_resent: bool


async def read_message(context: ServiceContext, message_id: str) -> MessageView:
    """One message; raises Refused (404) when there is no such message."""
    message = await context.load(MESSAGES, message_id)
    if message is None:
        raise Refused("unknown-message", "There is no message with this id.", 404, "message_id")
    return view_of(message)


async def list_messages(
    context: ServiceContext, report_id: str | None, status: Status | None, limit: int
) -> list[MessageView]:
    """Messages of this report with this status (None: any), at most `limit`, the oldest first."""
    filters = {"state.report_id": report_id, "state.status": status and status.value}
    where = {path: value for path, value in filters.items() if value is not None}
    return [view_of(message) for message in await context.list(MESSAGES, where, OLDEST_FIRST, limit)]


async def messages_of(context: ServiceContext, report_ids: Sequence[str], limit: int) -> list[MessageView]:
    """The newest messages about these reports, at most `limit`, the newest first."""
    where = {"state.report_id": AnyOf(report_ids)}
    newest_first = [("state.written_at", -1), ("_id", -1)]
    return [view_of(message) for message in await context.list(MESSAGES, where, newest_first, limit)]


async def oldest_pending_age(context: ServiceContext) -> timedelta:
    """The age of the oldest pending message; zero when there is none."""
    where = {"state.status": Status.PENDING.value}
    found = await context.list(MESSAGES, where, OLDEST_FIRST, 1)
    return max((context.clock() - message.written_at for message in found), default=timedelta())


def view_of(message: Message) -> MessageView:
    """The message as staff reads it."""
    return MessageView(**{field.name: getattr(message, field.name) for field in fields(MessageView)})
