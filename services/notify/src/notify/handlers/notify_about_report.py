"""Notify about a report, or about a mail that may become one."""

from chassis.handling import Change, Moment
from contracts.envelope import instant_text
from contracts.intake import MailReceived, ReportRegistered
from notify.domain.messages import Message, Thread
from notify.handlers.triggers import mail_received, report_received
from notify.handlers.write_message import write_message


def notify_report_received(
    event: ReportRegistered, message: Message | None, thread: Thread | None, moment: Moment
) -> Change:
    """Confirm that the report was received, and when."""
    values = {"heard_at": instant_text(event.heard_at.astimezone(moment.now.tzinfo))}
    return write_message(report_received(event), values, message, thread, moment)


def notify_mail_received(
    event: MailReceived, message: Message | None, thread: Thread | None, moment: Moment
) -> Change:
    """Confirm that a mail was received, how many photos were kept, and why attachments were not."""
    values = {"photos": str(event.photos), "left_out": ",".join(event.left_out)}
    return write_message(mail_received(event), values, message, thread, moment)
