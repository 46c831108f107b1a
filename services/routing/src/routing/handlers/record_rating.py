"""Record how whoever made the report says that it went."""

from chassis.handling import NOTHING, Change, Moment
from contracts.intake import ReportRated
from routing.domain.cases import Case, rated
from routing.handlers.documents import CASES


def record_rating(event: ReportRated, case: Case | None, moment: Moment) -> Change:
    """Keep the score with the case, in place of the one of the same closing; a report that never had a case has nothing to keep."""
    if case is None:
        return NOTHING
    return Change(write=[CASES.put(rated(case, event.score, event.closed_at, moment.now))])
