"""Enter an absence of an operator, end it early, and give one of their cases to whoever covers it."""

from dataclasses import dataclass
from datetime import date

from chassis.errors import Early, Refused
from chassis.handling import Change, Moment
from routing.domain.absences import (
    NOBODY_AWAY,
    Absences,
    EnteredAbsence,
    day_of_cover,
    ended,
    needs_cover,
    operators_with,
    overlapping,
    with_absence,
)
from routing.domain.calendar import ROME
from routing.domain.cases import Case, held_again
from routing.domain.history import MoveReason, Staff
from routing.domain.registers import CURRENT, Register
from routing.domain.rules import cover
from routing.handlers.documents import ABSENCES, CASES, REGISTERS
from routing.handlers.move_case import give_to
from routing.handlers.open_case import case_held


@dataclass(frozen=True)
class EnterAbsence:
    """This operator is away from the first to the last day, both included."""

    absence_id: str
    operator: str
    first: date
    last: date
    by: Staff


@dataclass(frozen=True)
class EndAbsence:
    """This absence ends earlier: `last` is its new last day."""

    absence_id: str
    last: date
    by: Staff


@dataclass(frozen=True)
class CoverCase:
    """Give this case to whoever covers this absence."""

    report_id: str
    absence_id: str
    by: Staff


def enter_absence(
    command: EnterAbsence, register: Register | None, absences: Absences | None, moment: Moment
) -> Change:
    """Record an absence: from now on new cases are decided with it.

    Raises Refused for an unknown operator, for days in the wrong order or in the past, and for days already entered.
    """
    if register is None:
        raise Early(REGISTERS.name, CURRENT)
    absences = absences or NOBODY_AWAY
    first, last = command.first.isoformat(), command.last.isoformat()
    if register.operator(command.operator) is None:
        raise Refused("unknown-operator", "There is no such operator.", 422, "operator")
    if last < first:
        raise Refused("days-in-wrong-order", "The last day is before the first.", 422, "last")
    if command.last < moment.now.astimezone(ROME).date():
        raise Refused("absence-in-the-past", "The absence is over already.", 422, "last")
    if overlapping(absences, command.operator, first, last) is not None:
        raise Refused("overlapping-absence", "An absence with one of these days is entered.", 409, "first")
    new = EnteredAbsence(command.absence_id, command.operator, first, last, moment.now, command.by)
    return Change(write=[ABSENCES.put(with_absence(absences, new))], answer={"absence_id": new.id})


def end_absence(command: EndAbsence, absences: Absences | None, moment: Moment) -> Change:
    """Give an absence an earlier last day; cases that were given to others stay where they are.

    Raises Refused when there is no such absence or when it does not become shorter.
    """
    absences = absences or NOBODY_AWAY
    found = absences.find(command.absence_id)
    if found is None:
        raise Refused("unknown-absence", "There is no such absence.", 404, "absence_id")
    if found.last <= command.last.isoformat():
        raise Refused("absence-over", "The absence does not end earlier with this day.", 409, "last")
    changed = ended(absences, found.id, command.last, moment.now, command.by)
    return Change(write=[ABSENCES.put(changed)], answer={"absence_id": found.id})


def cover_case(
    command: CoverCase,
    case: Case | None,
    register: Register | None,
    absences: Absences | None,
    moment: Moment,
) -> Change:
    """Reassign a case of somebody who is away to whoever covers it, or hold it; a case that needs no cover is left."""
    if register is None or absences is None:
        raise Early(REGISTERS.name, CURRENT)
    away = absences.find(command.absence_id)
    if case is None or away is None or not away.counts:
        return Change(answer={"moved": False})
    if not needs_cover(case, away.operator, away.first, away.last, moment.now):
        return Change(answer={"moved": False})
    day = day_of_cover(away.first, moment.now)
    operator, candidates = cover(case.reported, operators_with(register, absences), day)
    if operator is not None:
        return give_to(case, operator, MoveReason.ABSENCE, moment, command.by)
    held = held_again(case, candidates, moment.now, command.by)
    return Change(write=[CASES.put(held)], events=[case_held(held)], answer={"operator": None})
