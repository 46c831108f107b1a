"""What of a report is public: its status, its steps and the date by which it is expected."""

from collections.abc import Sequence
from datetime import datetime

from intake.domain.categories import Category, class_of
from intake.domain.reports import ENDED, REASSIGNED, Report, Status, Step

OPEN, CLOSED = "open", "closed"
# The public statuses, with those of a report; a withdrawn report is not public.
STATUSES: dict[str, tuple[Status, ...]] = {
    OPEN: tuple(status for status in Status if status not in ENDED),
    CLOSED: (Status.CLOSED,),
}
# A missed due date would tell the due date, which is earlier where a frail person lives; who works on it is internal.
_INTERNAL = frozenset({Status.ESCALATED.value, REASSIGNED})


def public_status(report: Report) -> str:
    """The status of a report to the public: open or closed."""
    return CLOSED if report.status is Status.CLOSED else OPEN


def public_steps(report: Report) -> Sequence[Step]:
    """The steps that the public sees, oldest first, beginning with the registration."""
    first = Step(Status.REGISTERED.value, report.registered_at)
    return (
        first,
        *(step for step in report.history if step.what not in _INTERNAL and step.what != first.what),
    )


def public_update(report: Report) -> datetime:
    """When something happened that the public sees."""
    return public_steps(report)[-1].at


def public_due_date(report: Report, category: Category) -> datetime | None:
    """The due date, or None where a frail person or an answer would make it an earlier one: it would tell of them."""
    by_frailty = class_of(category, frail=True) is not class_of(category, frail=False)
    by_answer = any(one.urgency is not None for question in category.questions for one in question.raises)
    return None if by_frailty or by_answer else report.due_at
