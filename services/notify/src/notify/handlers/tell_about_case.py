"""A case has moved: whoever made the report hears who looks after it, by when, and how it ended."""

from datetime import UTC, datetime

from chassis.handling import Change, Moment
from contracts.envelope import instant_text
from contracts.routing import CaseHeld, CaseOpened, CaseResolved
from notify.domain.message import Message, Thread
from notify.handlers.tellings import case_held, case_opened, case_resolved
from notify.handlers.write_message import write_message


def tell_case_opened(
    event: CaseOpened, message: Message | None, thread: Thread | None, moment: Moment
) -> Change:
    """Tell who looks after the report and by when; a date that has passed already is not promised."""
    values = {
        "route": event.route,
        "contact_due_at": _to_come(event.contact_due_at, moment.now),
        "due_at": _to_come(event.due_at, moment.now),
    }
    return write_message(case_opened(event), values, message, thread, moment)


def tell_case_held(event: CaseHeld, message: Message | None, thread: Thread | None, moment: Moment) -> Change:
    """Tell that somebody will be found, and by when the answer is due."""
    values = {"due_at": _to_come(event.due_at, moment.now)}
    return write_message(case_held(event), values, message, thread, moment)


def tell_case_resolved(
    event: CaseResolved, message: Message | None, thread: Thread | None, moment: Moment
) -> Change:
    """Tell how it ended."""
    return write_message(case_resolved(event), {"outcome": event.outcome}, message, thread, moment)


def _to_come(date: datetime, now: datetime) -> str:
    return instant_text(date.astimezone(UTC)) if date > now else ""
