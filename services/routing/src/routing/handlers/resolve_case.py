"""Resolve a case."""

from dataclasses import dataclass, replace

from chassis.handling import Change, Moment
from contracts.routing import CaseResolved
from routing.domain.cases import Case, Outcome, Status, resolved
from routing.domain.history import Staff
from routing.handlers.documents import CASES
from routing.handlers.follow_timers import follow_timers
from routing.handlers.refusals import unresolved


@dataclass(frozen=True)
class ResolveCase:
    """Close this case with this outcome, at once."""

    report_id: str
    outcome: Outcome
    by: Staff | None = None


def resolve_case(command: ResolveCase, case: Case | None, moment: Moment) -> Change:
    """Close a case that is open or held; raises Refused when there is none or when it is resolved already."""
    change = close(unresolved(case), command.outcome, moment, command.by)
    answer = {
        "report_id": command.report_id,
        "status": Status.RESOLVED.value,
        "outcome": command.outcome.value,
    }
    return replace(change, answer=answer)


def close(case: Case, outcome: Outcome, moment: Moment, by: Staff | None = None) -> Change:
    """Resolve a case, cancel its timers and publish CaseResolved; the cases merged into it follow."""
    ending = () if case.closing is None else (case.closing.timer,)
    return Change(
        write=[CASES.put(resolved(case, outcome, moment.now, by))],
        events=[CaseResolved(report_id=case.report_id, outcome=outcome)],
        timers=follow_timers(case, moment),
        cancel=(*case.timers, *ending),
    )
