"""Absences of operators that the coordinator enters, and the operators of a register with them."""

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import lru_cache

from routing.domain.calendar import ROME
from routing.domain.cases import Case, Status
from routing.domain.history import Staff
from routing.domain.registers import CURRENT, Register
from routing.domain.rules import Absence, Operator, Route

# Absences that ended longer ago than this are forgotten.
KEPT = timedelta(days=400)


@dataclass(frozen=True)
class EnteredAbsence:
    """First and last day (ISO dates, both included) on which an operator is away, and who entered it."""

    id: str
    operator: str
    first: str
    last: str
    entered_at: datetime
    entered_by: Staff
    ended_at: datetime | None = None
    ended_by: Staff | None = None

    @property
    def counts(self) -> bool:
        """Whether any day of it is left: an absence that was ended before its first day has none."""
        return self.first <= self.last


@dataclass(frozen=True)
class Absences:
    """The absences entered so far; those of operators.yaml are not among them."""

    entered: tuple[EnteredAbsence, ...] = ()
    id: str = CURRENT

    def find(self, absence_id: str) -> EnteredAbsence | None:
        """The absence with this id, if there is one."""
        return next((one for one in self.entered if one.id == absence_id), None)


NOBODY_AWAY = Absences()


@lru_cache(maxsize=16)
def operators_with(register: Register, absences: Absences) -> tuple[Operator, ...]:
    """The operators of the register with the absences of its file and those entered since."""
    away: dict[str, tuple[Absence, ...]] = {}
    for one in absences.entered:
        if one.counts:
            away[one.operator] = (*away.get(one.operator, ()), Absence(one.first, one.last))
    return tuple(
        replace(operator, absences=(*operator.absences, *away.get(operator.code, ())))
        for operator in register.operators
    )


def with_absence(absences: Absences, new: EnteredAbsence) -> Absences:
    """The absences with one more; those that ended long ago are dropped."""
    oldest = (new.entered_at.date() - KEPT).isoformat()
    return replace(absences, entered=(*(one for one in absences.entered if one.last >= oldest), new))


def ended(absences: Absences, absence_id: str, last: date, now: datetime, by: Staff) -> Absences:
    """The absences, of which this one ends after `last`."""
    changed = (
        replace(one, last=last.isoformat(), ended_at=now, ended_by=by) if one.id == absence_id else one
        for one in absences.entered
    )
    return replace(absences, entered=tuple(changed))


def overlapping(absences: Absences, operator: str, first: str, last: str) -> EnteredAbsence | None:
    """An absence of this operator that has a day in common with these."""
    same = (one for one in absences.entered if one.operator == operator and one.counts)
    return next((one for one in same if one.first <= last and first <= one.last), None)


def needs_cover(case: Case, operator: str, first: str, last: str, now: datetime) -> bool:
    """Whether a case of this operator goes to somebody else: it is late, or one of its dates is during the absence.

    A case that is due after the return stays, because tenants keep the person they know.
    """
    if case.operator != operator or case.route is not Route.OPERATOR or case.status is not Status.OPEN:
        return False
    if case.closing is not None or case.is_merged:
        return False
    coming = (date for date in (case.contact_due_at, case.due_at) if date > now)
    return case.due_at <= now or any(first <= _day(date) <= last for date in coming)


def _day(date: datetime) -> str:
    return date.astimezone(ROME).date().isoformat()


def day_of_cover(first: str, now: datetime) -> date:
    """The day for which a substitute is chosen: the first of the absence, or today when it has begun."""
    return max(date.fromisoformat(first), now.astimezone(ROME).date())
