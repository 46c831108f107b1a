"""Write a message and start its sending."""

from dataclasses import dataclass

from chassis.handling import NOTHING, Change, Job, Moment
from notify.domain.messages import EMAIL, Message, Status, Thread
from notify.handlers.documents import MESSAGES, THREADS
from notify.handlers.triggers import Trigger


@dataclass(frozen=True)
class SendMessage:
    """Job: send this message to the contact that the report has at that time; `values` are what the template needs."""

    message_id: str
    report_id: str
    template: str
    values: tuple[tuple[str, str], ...]


def write_message(
    trigger: Trigger, values: dict[str, str], message: Message | None, thread: Thread | None, moment: Moment
) -> Change:
    """Write a pending message and start its sending; a message that exists already is not written again."""
    if message is not None:
        return NOTHING
    thread = thread or Thread(trigger.report_id)
    message = Message(
        trigger.message_id,
        trigger.report_id,
        trigger.template,
        EMAIL,
        Status.PENDING,
        moment.now,
        values=values,
    )
    return Change(
        write=[MESSAGES.put(message), THREADS.put(thread.moved(None, Status.PENDING))],
        jobs=[sending(message, values, moment)],
    )


def sending(message: Message, values: dict[str, str], moment: Moment) -> Job:
    """The job that sends a message with these values."""
    body = SendMessage(message.message_id, message.report_id, message.template, tuple(values.items()))
    return Job(moment.id("send"), body, key=message.report_id)
