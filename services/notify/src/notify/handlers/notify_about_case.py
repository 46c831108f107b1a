"""Notify about a case: who handles it, by when, and how it ended."""

from datetime import UTC, datetime

from chassis.handling import Change, Moment
from contracts.envelope import instant_text
from contracts.routing import CaseHeld, CaseOpened, CaseResolved
from notify.domain.messages import Message, Thread
from notify.handlers.triggers import case_held, case_opened, case_resolved
from notify.handlers.write_message import write_message


def notify_case_opened(
    event: CaseOpened, message: Message | None, thread: Thread | None, moment: Moment
) -> Change:
    """Notify who handles the report and by when; a due date that has passed already is left out."""
    values = {
        "route": event.route,
        "contact_due_at": _future(event.contact_due_at, moment.now),
        "due_at": _future(event.due_at, moment.now),
    }
    return write_message(case_opened(event), values, message, thread, moment)


def notify_case_held(
    event: CaseHeld, message: Message | None, thread: Thread | None, moment: Moment
) -> Change:
    """Notify that a coordinator will assign the report, and by when the answer is due."""
    values = {"due_at": _future(event.due_at, moment.now)}
    return write_message(case_held(event), values, message, thread, moment)


def notify_case_resolved(
    event: CaseResolved, message: Message | None, thread: Thread | None, moment: Moment
) -> Change:
    """Notify how the case ended."""
    return write_message(case_resolved(event), {"outcome": event.outcome}, message, thread, moment)


def _future(date: datetime, now: datetime) -> str:
    return instant_text(date.astimezone(UTC)) if date > now else ""
