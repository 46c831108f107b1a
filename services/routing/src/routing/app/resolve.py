"""Resolve a case: the use case behind the API."""

from uuid import UUID

from chassis.ids import uuid7
from chassis.service import Answer, ServiceContext
from routing.domain.cases import Outcome
from routing.domain.history import Staff
from routing.handlers.resolve_case import ResolveCase


async def resolve_case(
    context: ServiceContext,
    report_id: str,
    outcome: Outcome,
    command_id: UUID | None = None,
    by: Staff | None = None,
) -> Answer:
    """Close a case with this outcome at once and return the command's answer; a repeated `command_id` returns the first answer.

    Raises Refused when there is no case, when it is resolved already, or when `command_id` named another command.
    """
    return await context.run(
        ResolveCase(report_id, outcome, by),
        id=str(command_id or uuid7(context.clock())),
        key=report_id,
        fingerprint=f"{report_id}/{outcome.value}",
    )
