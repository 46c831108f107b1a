"""Notify about a report."""

from chassis.handling import Change, Moment
from contracts.envelope import instant_text
from contracts.intake import ReportRegistered
from notify.domain.messages import Message, Thread
from notify.handlers.triggers import report_received
from notify.handlers.write_message import write_message


def notify_report_received(
    event: ReportRegistered, message: Message | None, thread: Thread | None, moment: Moment
) -> Change:
    """Confirm that the report was received, and when."""
    values = {"heard_at": instant_text(event.heard_at.astimezone(moment.now.tzinfo))}
    return write_message(report_received(event), values, message, thread, moment)
