"""Close a case from a page: it takes effect after the time in which it can be undone."""

from datetime import timedelta

from chassis.service import Answer, ServiceContext
from routing.domain.cases import Outcome
from routing.domain.history import Staff
from routing.handlers.begin_closing import BeginClosing, UndoClosing


async def begin_closing(
    context: ServiceContext, report_id: str, outcome: Outcome, by: Staff, undo: timedelta, command_id: str
) -> Answer:
    """Begin to close a case with this outcome, which can be undone within the time `undo`; a repeated `command_id` returns the first answer.

    Raises Refused when there is no case, when it is resolved or being closed, or when `command_id` named another command.
    """
    return await context.run(
        BeginClosing(report_id, outcome, by, undo),
        id=command_id,
        key=report_id,
        fingerprint=f"close/{report_id}/{outcome.value}",
    )


async def undo_closing(context: ServiceContext, report_id: str, by: Staff, command_id: str) -> Answer:
    """Leave a case as it was before its closing; raises Refused when nobody is closing it."""
    return await context.run(
        UndoClosing(report_id, by), id=command_id, key=report_id, fingerprint=f"undo/{report_id}"
    )
