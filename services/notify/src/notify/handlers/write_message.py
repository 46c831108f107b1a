"""Write a message and start its sending."""

from dataclasses import dataclass

from chassis.handling import NOTHING, Change, Job, Moment, Timer
from chassis.ids import derive
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


@dataclass(frozen=True)
class WriteAgain:
    """Timer: write the message of a fact that happened before, for example that a reopened case is closed."""

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


def write_message_each_time(
    trigger: Trigger, values: dict[str, str], message: Message | None, thread: Thread, moment: Moment
) -> Change:
    """Write the message of a fact that can happen again; `thread` is its thread after this time.

    The first message of the fact has the id of the trigger. The id of a later one follows from the record of its event, and a
    timer writes it, because an event names the documents that it writes before it is handled.
    """
    if message is None:
        return write_message(trigger, values, None, thread, moment)
    message_id = derive(moment.cause, f"{trigger.template}/{trigger.report_id}/{EMAIL}")
    body = WriteAgain(message_id, trigger.report_id, trigger.template, tuple(values.items()))
    timer = Timer(moment.id("again"), moment.now, body, key=trigger.report_id)
    return Change(write=[THREADS.put(thread)], timers=[timer])


def write_again(timer: WriteAgain, message: Message | None, thread: Thread | None, moment: Moment) -> Change:
    """Write the message of a fact that happened before, and start its sending."""
    trigger = Trigger(timer.message_id, timer.report_id, timer.template)
    return write_message(trigger, dict(timer.values), message, thread, moment)
