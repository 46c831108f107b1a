"""Resolve a case."""

from dataclasses import dataclass

from chassis.errors import Refused
from chassis.handling import Change, Moment
from contracts.routing import CaseResolved
from routing.domain.cases import Case, Outcome, Status, resolved
from routing.handlers.documents import CASES


@dataclass(frozen=True)
class ResolveCase:
    """Close this case with this outcome."""

    report_id: str
    outcome: Outcome


def resolve_case(command: ResolveCase, case: Case | None, moment: Moment) -> Change:
    """Close a case that is open or held; raises Refused when there is none or when it is resolved already."""
    if case is None:
        raise Refused(
            "unknown-case",
            "There is no case for this report.",
            404,
            "report_id",
            "Take the id from GET /v1/cases.",
        )
    if case.status is Status.RESOLVED:
        raise Refused(
            "already-resolved",
            f"The case is already resolved, with outcome {case.outcome}.",
            fix="Nothing is left to do; a new problem needs a new report.",
        )
    change = close(case, command.outcome, moment)
    answer = {"report_id": case.report_id, "status": Status.RESOLVED.value, "outcome": command.outcome.value}
    return Change(write=change.write, events=change.events, cancel=change.cancel, answer=answer)


def close(case: Case, outcome: Outcome, moment: Moment) -> Change:
    """Resolve a case, cancel its timers and publish CaseResolved."""
    return Change(
        write=[CASES.put(resolved(case, outcome, moment.now))],
        events=[CaseResolved(report_id=case.report_id, outcome=outcome)],
        cancel=case.timers,
    )
