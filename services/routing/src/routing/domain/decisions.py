"""Who handles a report, by the register and the absences in force."""

from dataclasses import replace
from datetime import date
from functools import lru_cache

from routing.domain.absences import NOBODY_AWAY, Absences, operators_with
from routing.domain.cases import Case
from routing.domain.registers import Register
from routing.domain.rules import Decision, Held, Reported, Route, decide


@lru_cache(maxsize=256)
def decision_by(
    register: Register, reported: Reported, day: date, absences: Absences = NOBODY_AWAY
) -> Decision:
    """Who handles such a report on this day; an urgency class without time limits is held, because it has no due date."""
    decision = decide(reported, register.rules, operators_with(register, absences), day)
    if any(clocks.urgency == reported.urgency for clocks in register.calendar.clocks):
        return decision
    return replace(decision, route=None, operator=None, held=Held.UNKNOWN_URGENCY)


def decision_again(register: Register, case: Case, day: date, absences: Absences) -> Decision:
    """Who takes up a case again: whoever had it, and by the rules only when nobody had it or that operator is away."""
    operators = operators_with(register, absences)
    had = next((one for one in operators if one.code == case.operator), None)
    here = had is not None and not had.is_away(day)
    if case.route is None or (case.route is Route.OPERATOR and not here):
        return decision_by(register, case.reported, day, absences)
    return Decision(
        case.rule,
        case.rules_version,
        case.why,
        case.route,
        case.operator,
        candidates=case.candidates,
        passed_over=case.passed_over,
    )
