"""A report has been registered: whoever made it gets a proof of that."""

from chassis.handling import Change, Moment
from contracts.envelope import instant_text
from contracts.intake import ReportRegistered
from notify.domain.message import Message, Thread
from notify.handlers.tellings import report_received
from notify.handlers.write_message import write_message


def tell_report_received(
    event: ReportRegistered, message: Message | None, thread: Thread | None, moment: Moment
) -> Change:
    """Tell when the report was heard."""
    values = {"heard_at": instant_text(event.heard_at.astimezone(moment.now.tzinfo))}
    return write_message(report_received(event), values, message, thread, moment)
