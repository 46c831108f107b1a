"""What was told about a report, for the people who look after it."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel

from chassis.service import ServiceContext
from notify.domain.message import Message, Status
from notify.handlers.documents import MESSAGES

STAFF = ("operator", "coordinator", "ops")


class MessageView(BaseModel):
    """A message: what, when and with which end; to whom is known to intake alone."""

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


def messages_router(context: ServiceContext) -> APIRouter:
    """Reading messages."""
    router = APIRouter(prefix="/v1/messages", tags=["messages"])

    @router.get("", dependencies=[Depends(context.require(*STAFF))])
    async def list_messages(
        report_id: UUID | None = None,
        status: Status | None = None,
        limit: Annotated[int, Query(ge=1, le=500)] = 50,
    ) -> list[MessageView]:
        """Messages, the oldest first."""
        asked = {"state.report_id": report_id and str(report_id), "state.status": status and status.value}
        where = {field: value for field, value in asked.items() if value is not None}
        found = await context.list(MESSAGES, where, [("state.written_at", 1)], limit)
        return [view(message) for message in found]

    return router


def view(message: Message) -> MessageView:
    """The message as staff sees it."""
    return MessageView(**{name: getattr(message, name) for name in MessageView.model_fields})
