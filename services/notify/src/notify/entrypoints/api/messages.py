"""The messages about a report, for the staff who handle it."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query

from chassis.service import ServiceContext
from notify.domain.messages import Status
from notify.queries import messages
from notify.queries.messages import MessageView

STAFF = ("operator", "coordinator", "ops")


def messages_router(context: ServiceContext) -> APIRouter:
    """The routes that read messages."""
    router = APIRouter(prefix="/v1/messages", tags=["messages"])

    @router.get("", dependencies=[Depends(context.require(*STAFF))])
    async def list_messages(
        report_id: UUID | None = None,
        status: Status | None = None,
        limit: Annotated[int, Query(ge=1, le=500)] = 50,
    ) -> list[MessageView]:
        """Messages, the oldest first."""
        report = None if report_id is None else str(report_id)
        return await messages.list_messages(context, report, status, limit)

    return router
