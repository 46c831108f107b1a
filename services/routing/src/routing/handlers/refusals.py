"""The refusals that several handlers share."""

from chassis.errors import Refused
from routing.domain.cases import Case, Status


def known(case: Case | None) -> Case:
    """The case; raises Refused (404) when there is none."""
    if case is None:
        raise Refused(
            "unknown-case",
            "There is no case for this report.",
            404,
            "report_id",
            "Take the id from GET /v1/cases.",
        )
    return case


def unresolved(case: Case | None) -> Case:
    """The case; raises Refused when there is none, when it is resolved or when it is merged into another one."""
    case = known(case)
    if case.is_merged:
        raise Refused(
            "merged", "The case is merged into another one.", fix="Work on that one, or split the reports."
        )
    if case.status is Status.RESOLVED:
        raise Refused(
            "already-resolved",
            f"The case is already resolved, with outcome {case.outcome}.",
            fix="Reopen the case, or make a new report for a new problem.",
        )
    return case


def workable(case: Case | None) -> Case:
    """The case; raises Refused when there is none, when it is resolved, or while it is being closed."""
    case = unresolved(case)
    if case.closing is not None:
        raise Refused("closing", "The case is being closed.", fix="Undo the closing first.")
    return case
