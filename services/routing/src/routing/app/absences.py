"""Enter an absence, have the cases covered, and end it early."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from chassis.ids import uuid7
from chassis.service import Answer, ServiceContext
from routing.domain.history import Staff
from routing.domain.registers import CURRENT
from routing.handlers.enter_absence import CoverCase, EndAbsence, EnterAbsence


@dataclass(frozen=True)
class Days:
    """An operator, and the first and last day on which they are away."""

    operator: str
    first: date
    last: date


async def enter_absence(context: ServiceContext, days: Days, by: Staff, command_id: str) -> Answer:
    """Record an absence under the id of its command; raises Refused for days that make no sense."""
    return await context.run(
        EnterAbsence(command_id, days.operator, days.first, days.last, by),
        id=command_id,
        key=CURRENT,
        fingerprint=f"absence/{days.operator}/{days.first}/{days.last}",
    )


async def cover_cases(context: ServiceContext, absence_id: str, report_ids: Sequence[str], by: Staff) -> None:
    """Give each of these cases to whoever covers the absence, one command per case; one that is covered stays."""
    for report_id in report_ids:
        command_id = uuid7(context.clock())
        await context.run(CoverCase(report_id, absence_id, by), id=command_id, key=report_id)


async def end_absence(
    context: ServiceContext, absence_id: str, last: date, by: Staff, command_id: str
) -> Answer:
    """Give an absence an earlier last day; raises Refused when there is none or it does not become shorter."""
    return await context.run(
        EndAbsence(absence_id, last, by),
        id=command_id,
        key=CURRENT,
        fingerprint=f"end/{absence_id}/{last}",
    )
