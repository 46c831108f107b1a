"""Which answer to a report is the one that counts."""

from datetime import datetime

from intake.domain.reports import REOPENED, Report


def is_current(report: Report, written_at: datetime) -> bool:
    """Whether an answer of this time belongs to the present closing: it is not older than the last reopening."""
    reopened = [step.at for step in report.history if step.what == REOPENED]
    return not reopened or written_at >= max(reopened)
