"""Something is to be told: a message is written down once, and its sending is started."""

from dataclasses import dataclass

from chassis.handling import NOTHING, Change, Job, Moment
from notify.domain.message import EMAIL, Message, Status, Thread
from notify.handlers.documents import MESSAGES, THREADS


@dataclass(frozen=True)
class Telling:
    """What is to be told; `message_id` derives from the fact, the template and the channel, for ever."""

    message_id: str
    report_id: str
    template: str


@dataclass(frozen=True)
class SendMessage:
    """Send this message: who and where are asked for at that moment, `values` are what the template needs."""

    message_id: str
    report_id: str
    template: str
    values: tuple[tuple[str, str], ...]


def write_message(
    telling: Telling, values: dict[str, str], message: Message | None, thread: Thread | None, moment: Moment
) -> Change:
    """Write a message down and start its sending; a fact that was told before is never told again."""
    if message is not None:
        return NOTHING
    thread = thread or Thread(telling.report_id)
    message = Message(
        telling.message_id, telling.report_id, telling.template, EMAIL, Status.PENDING, moment.now
    )
    body = SendMessage(telling.message_id, telling.report_id, telling.template, tuple(values.items()))
    return Change(
        write=[MESSAGES.put(message), THREADS.put(thread.moved(None, Status.PENDING))],
        jobs=[Job(moment.id("send"), body, key=telling.report_id)],
    )
