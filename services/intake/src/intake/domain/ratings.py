"""How a report went, in the opinion of whoever made it: one score for each closing, which they change for 30 days."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from intake.domain.reports import Report, last_closing

SCORES = range(1, 6)  # from very bad to very good
RATEABLE = timedelta(days=30)


@dataclass(frozen=True)
class Closing:
    """The last closing of a report, and the score that it has, or None."""

    at: datetime
    score: int | None

    def is_rateable(self, now: datetime) -> bool:
        """Whether the score can still be given or changed."""
        return now <= self.at + RATEABLE


def closing_of(report: Report) -> Closing | None:
    """The last closing of a closed report; None for an open one, and for one that was closed before it was registered.

    The score of an earlier closing stays with the report and does not count for this one.
    """
    closed_at = last_closing(report.status, report.history, report.registered_at)
    if closed_at is None:
        return None
    is_rated = report.rated_at is not None and report.rated_at >= closed_at
    return Closing(closed_at, report.score if is_rated else None)
