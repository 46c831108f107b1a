"""Notify about a case: who handles it, by when, and how it ended."""

from dataclasses import replace
from datetime import UTC, datetime

from chassis.handling import NOTHING, Change, Moment
from contracts.envelope import instant_text
from contracts.routing import (
    CaseCorrected,
    CaseHandedOff,
    CaseHeld,
    CaseOpened,
    CaseReassigned,
    CaseReopened,
    CaseResolved,
)
from notify.domain.messages import NOBODY, Message, Thread
from notify.handlers import triggers
from notify.handlers.triggers import Trigger
from notify.handlers.write_message import write_message, write_message_each_time


def notify_case_opened(
    event: CaseOpened, message: Message | None, thread: Thread | None, moment: Moment
) -> Change:
    """Notify who handles the report and by when; a due date that has passed already is left out."""
    values = {
        "route": event.route,
        "contact_due_at": _future(event.contact_due_at, moment.now),
        "due_at": _future(event.due_at, moment.now),
    }
    told = replace(thread or Thread(event.report_id), route=event.route, closed=False)
    return write_message(triggers.case_opened(event), values, message, told, moment)


def notify_case_held(
    event: CaseHeld, message: Message | None, thread: Thread | None, moment: Moment
) -> Change:
    """Notify that a coordinator will assign the report, and by when the answer is due."""
    values = {"due_at": _future(event.due_at, moment.now)}
    told = replace(thread or Thread(event.report_id), route=NOBODY, closed=False)
    return write_message(triggers.case_held(event), values, message, told, moment)


def notify_case_reassigned(
    event: CaseReassigned, message: Message | None, thread: Thread | None, moment: Moment
) -> Change:
    """Notify who handles the report now, when the person was told of another route; who it is within a route is not told."""
    return _moved(event, event.route, triggers.case_reassigned(event), message, thread, moment)


def notify_case_corrected(
    event: CaseCorrected, message: Message | None, thread: Thread | None, moment: Moment
) -> Change:
    """Notify who handles a corrected report, when the person was told of another route; a held case is told when somebody has it."""
    if event.route is None:
        return NOTHING
    return _moved(event, event.route, triggers.case_corrected(event), message, thread, moment)


def _moved(
    event: CaseReassigned | CaseCorrected,
    route: str,
    trigger: Trigger,
    message: Message | None,
    thread: Thread | None,
    moment: Moment,
) -> Change:
    known = thread or Thread(event.report_id)
    if known.route in (None, route):
        return NOTHING
    values = {"route": route, "due_at": _future(event.due_at, moment.now)}
    told = replace(known, route=route)
    return write_message_each_time(trigger, values, message, told, moment)


def notify_case_handed_off(
    event: CaseHandedOff, message: Message | None, thread: Thread | None, moment: Moment
) -> Change:
    """Notify which desk handles the report now, unless the person knows it."""
    known = thread or Thread(event.report_id)
    if known.route == event.route:
        return NOTHING
    values = {"route": event.route, "due_at": ""}
    told = replace(known, route=event.route)
    return write_message_each_time(triggers.case_handed_off(event), values, message, told, moment)


def notify_case_resolved(
    event: CaseResolved, message: Message | None, thread: Thread | None, moment: Moment
) -> Change:
    """Notify how the case ended, each time that it does."""
    known = thread or Thread(event.report_id)
    if known.closed or (known.closed is None and message is not None):
        return NOTHING
    told = replace(known, closed=True)
    values = {"outcome": event.outcome}
    return write_message_each_time(triggers.case_resolved(event), values, message, told, moment)


def notify_case_reopened(
    event: CaseReopened, message: Message | None, thread: Thread | None, moment: Moment
) -> Change:
    """Notify that a closed case is open again, who handles it and by when."""
    known = thread or Thread(event.report_id)
    if known.closed is False:
        return NOTHING
    values = {"route": event.route or "", "due_at": _future(event.due_at, moment.now)}
    told = replace(known, route=event.route or NOBODY, closed=False)
    return write_message_each_time(triggers.case_reopened(event), values, message, told, moment)


def _future(date: datetime, now: datetime) -> str:
    return instant_text(date.astimezone(UTC)) if date > now else ""
