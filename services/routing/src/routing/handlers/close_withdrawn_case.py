"""Close the case of a withdrawn report."""

from chassis.errors import Early
from chassis.handling import NOTHING, Change, Moment
from contracts.intake import ReportWithdrawn
from routing.domain.cases import Case, Outcome, Status
from routing.handlers.documents import CASES
from routing.handlers.resolve_case import close


def close_withdrawn_case(event: ReportWithdrawn, case: Case | None, moment: Moment) -> Change:
    """Close the case as withdrawn unless it is resolved; raises Early while the case does not exist yet."""
    if case is None:
        raise Early(CASES.name, event.report_id)
    return NOTHING if case.status is Status.RESOLVED else close(case, Outcome.WITHDRAWN, moment)
