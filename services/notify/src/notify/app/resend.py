"""Resend a message: the one use case behind the page and the API."""

from uuid import UUID

from chassis.ids import derive
from chassis.service import Answer, ServiceContext
from notify.domain.messages import ResendReason
from notify.handlers.resend_message import ResendMessage


async def resend_message(
    context: ServiceContext, message_id: str, report_id: str, reason: ResendReason, by: str, command_id: UUID
) -> Answer:
    """Send a copy of a message and return the command's answer; a repeated `command_id` returns the first answer.

    Raises Refused when there is no such message, while it is pending, when it has a copy, or when `command_id` named another
    command.
    """
    command = ResendMessage(message_id, report_id, derive(str(command_id), "copy"), reason, by)
    fingerprint = f"{message_id}/{reason.value}"
    return await context.run(command, id=str(command_id), key=report_id, fingerprint=fingerprint)
