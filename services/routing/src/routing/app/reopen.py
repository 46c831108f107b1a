"""Reopen a case: the one use case behind the page and the API."""

from chassis.service import Answer, ServiceContext
from routing.domain.history import Staff
from routing.handlers.reopen_case import ReopenCase


async def reopen_case(context: ServiceContext, report_id: str, by: Staff, command_id: str) -> Answer:
    """Work on a resolved case again; a repeated `command_id` returns the first answer.

    Raises Refused when there is no case, when it is not resolved, or when the report was withdrawn.
    """
    return await context.run(
        ReopenCase(report_id, by), id=command_id, key=report_id, fingerprint=f"reopen/{report_id}"
    )
