"""Cases whose report was corrected: what it is about, where, or how urgent it is."""

from dataclasses import replace
from datetime import datetime

from routing.domain.calendar import Due
from routing.domain.cases import Case, Missed, Status
from routing.domain.history import CorrectedEntry
from routing.domain.rules import Decision, Reported


def is_worked_on(case: Case) -> bool:
    """Whether somebody is to be found for the case: it has not ended, is not ending, and follows no other one."""
    return case.status is not Status.RESOLVED and case.closing is None and not case.is_merged


def corrected(case: Case, reported: Reported, place_id: str, reason: str, now: datetime) -> Case:
    """The case with the codes of its corrected report; a case that many voices raised stays as urgent."""
    entry = CorrectedEntry(now, reason, case.category, case.urgency, case.place_id)
    urgency = case.urgency if case.raised_by else reported.urgency
    return replace(
        case,
        **vars(reported) | {"urgency": urgency},
        place_id=place_id,
        corrected=(*case.corrected, entry),
    )


def decided_again(case: Case, decision: Decision, before: Decision) -> Case:
    """The case as the rules decide about it now; whoever has it keeps it when the rules would have decided the same before."""
    same = (before.route, before.operator, before.held) == (decision.route, decision.operator, decision.held)
    if same and case.route is not None:
        return replace(case, rule=decision.rule, rules_version=decision.rules_version, why=decision.why)
    status = Status.OPEN if decision.held is None else Status.HELD
    return replace(case, **vars(decision), status=status)


def with_dates(case: Case, due: Due, now: datetime) -> Case:
    """The case with these due dates; one that was missed and is ahead again is not missed any more."""
    dates = {Missed.CONTACT: due.contact, Missed.COMPLETION: due.done}
    missed = tuple(one for one in case.missed if dates[one] <= now)
    return replace(case, contact_due_at=due.contact, due_at=due.done, missed=missed)
