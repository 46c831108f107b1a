"""The messages about a report, for the staff who handle it."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, ConfigDict, Field

from chassis.ids import uuid7
from chassis.service import ServiceContext
from chassis.web import Principal
from notify.app.resend import resend_message
from notify.domain.messages import ResendReason, Status
from notify.queries import messages
from notify.queries.messages import MessageView

STAFF = ("operator", "coordinator", "ops")


class Resend(BaseModel):
    """Why a message is sent again."""

    model_config = ConfigDict(extra="forbid")

    reason: ResendReason
    command_id: UUID | None = Field(
        default=None, description="Makes a repeated call safe: the same id returns the first answer."
    )


def messages_router(context: ServiceContext) -> APIRouter:
    """The routes that read messages and send them again."""
    router = APIRouter(prefix="/v1/messages", tags=["messages"])
    guard = context.require(*STAFF)

    @router.get("", dependencies=[Depends(guard)])
    async def list_messages(
        report_id: UUID | None = None,
        status: Status | None = None,
        limit: Annotated[int, Query(ge=1, le=500)] = 50,
    ) -> list[MessageView]:
        """Messages, the oldest first."""
        report = None if report_id is None else str(report_id)
        return await messages.list_messages(context, report, status, limit)

    @router.post("/{message_id}/copies")
    async def resend(
        message_id: UUID, body: Resend, staff: Annotated[Principal, Depends(guard)]
    ) -> dict[str, Any]:
        """Send a message again to the present contact of its report; a repeated command_id returns the first answer."""
        found = await messages.read_message(context, str(message_id))
        command_id = body.command_id or UUID(uuid7(context.clock()))
        answer = await resend_message(
            context, found.message_id, found.report_id, body.reason, staff.subject, command_id
        )
        return dict(answer.body)

    return router
