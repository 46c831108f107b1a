"""The operators as pages show them: who somebody is, who is away, and who takes over."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from chassis.service import ServiceContext
from routing.domain.absences import (
    NOBODY_AWAY,
    Absences,
    EnteredAbsence,
    day_of_cover,
    needs_cover,
    operators_with,
)
from routing.domain.calendar import ROME
from routing.domain.cases import Case, Status
from routing.domain.history import Staff
from routing.domain.registers import CURRENT, Register
from routing.domain.rules import Absence, Operator, cover
from routing.handlers.documents import ABSENCES, CASES, REGISTERS

MANY = 5000


@dataclass(frozen=True)
class Covered:
    """An open case of somebody who will be away: who takes it, None when it is held; `stays` when nobody has to."""

    case: Case
    stays: bool
    operator: str | None = None


@dataclass(frozen=True)
class AbsenceView:
    """An absence as the coordinator sees it; one from the register's file has no id and is changed there."""

    operator: str
    first: date
    last: date
    is_over: bool
    has_begun: bool
    id: str = ""
    entered_by: str = ""
    to_cover: int = 0


async def register_of(context: ServiceContext) -> Register | None:
    """The register in force, or None before the first one is loaded."""
    return await context.load(REGISTERS, CURRENT)


async def absences_of(context: ServiceContext) -> Absences:
    """The absences entered so far."""
    return await context.load(ABSENCES, CURRENT) or NOBODY_AWAY


async def operators_here(context: ServiceContext, day: date) -> list[Operator]:
    """The operators who are not away on this day."""
    register = await register_of(context)
    if register is None:
        return []
    operators = operators_with(register, await absences_of(context))
    return [operator for operator in operators if not operator.is_away(day)]


async def open_cases_of(context: ServiceContext, operator: str) -> list[Case]:
    """The open cases of an operator, the earliest due date first."""
    where = {"state.status": Status.OPEN.value, "state.operator": operator, "state.merged_into": None}
    return await context.list(CASES, where, (("state.due_at", 1),), MANY)


async def preview(
    context: ServiceContext, operator: str, first: date, last: date, now: datetime
) -> list[Covered]:
    """What an absence that is not entered yet would do to each open case of this operator."""
    register = await register_of(context)
    if register is None:
        return []
    days = first.isoformat(), last.isoformat()
    new = EnteredAbsence("", operator, *days, now, Staff(""))
    absences = await absences_of(context)
    people = operators_with(register, Absences((*absences.entered, new)))
    day = day_of_cover(days[0], now)
    return [
        Covered(case, stays=False, operator=cover(case.reported, people, day)[0])
        if needs_cover(case, operator, *days, now)
        else Covered(case, stays=True)
        for case in await open_cases_of(context, operator)
    ]


async def cases_to_cover(context: ServiceContext, absence_id: str, now: datetime) -> list[str]:
    """The reports whose cases still have to go to somebody else because of an absence."""
    found = (await absences_of(context)).find(absence_id)
    if found is None or not found.counts:
        return []
    cases = await open_cases_of(context, found.operator)
    return [
        case.report_id for case in cases if needs_cover(case, found.operator, found.first, found.last, now)
    ]


async def absences_now(context: ServiceContext, now: datetime) -> list[AbsenceView]:
    """The absences that are not over, those of the register's file too, the earliest first."""
    register, today = await register_of(context), now.astimezone(ROME).date()
    if register is None:
        return []
    filed = [
        _view(operator.code, absence, today)
        for operator in register.operators
        for absence in operator.absences
    ]
    entered = [
        await _entered(context, one, now) for one in (await absences_of(context)).entered if one.counts
    ]
    current = [one for one in (*filed, *entered) if not one.is_over]
    return sorted(current, key=lambda one: (one.first, one.operator))


async def _entered(context: ServiceContext, absence: EnteredAbsence, now: datetime) -> AbsenceView:
    plain = _view(absence.operator, Absence(absence.first, absence.last), now.astimezone(ROME).date())
    left: Sequence[str] = () if plain.is_over else await cases_to_cover(context, absence.id, now)
    return AbsenceView(
        plain.operator,
        plain.first,
        plain.last,
        plain.is_over,
        plain.has_begun,
        absence.id,
        absence.entered_by.name,
        len(left),
    )


def _view(operator: str, absence: Absence, today: date) -> AbsenceView:
    first, last = date.fromisoformat(absence.first), date.fromisoformat(absence.last)
    return AbsenceView(operator, first, last, is_over=last < today, has_begun=first <= today)
