"""Give a case to another operator or to a desk: the use cases behind the pages and the API."""

from chassis.service import Answer, ServiceContext
from routing.domain.history import MoveReason, Staff
from routing.domain.rules import Route
from routing.handlers.move_case import HandOffCase, ReassignCase


async def reassign_case(
    context: ServiceContext, report_id: str, operator: str, reason: MoveReason, by: Staff, command_id: str
) -> Answer:
    """Give a case to an operator; a repeated `command_id` returns the first answer; raises Refused."""
    return await context.run(
        ReassignCase(report_id, operator, reason, by),
        id=command_id,
        key=report_id,
        fingerprint=f"reassign/{report_id}/{operator}/{reason.value}",
    )


async def hand_off_case(
    context: ServiceContext, report_id: str, route: Route, reason: MoveReason, by: Staff, command_id: str
) -> Answer:
    """Give a case to a desk; a repeated `command_id` returns the first answer; raises Refused."""
    return await context.run(
        HandOffCase(report_id, route, reason, by),
        id=command_id,
        key=report_id,
        fingerprint=f"hand-off/{report_id}/{route.value}/{reason.value}",
    )
