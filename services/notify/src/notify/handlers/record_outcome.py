"""Record how a sending ended, and publish it."""

from dataclasses import dataclass

from chassis.errors import Refused
from chassis.handling import NOTHING, Change, Moment
from contracts.notify import MessageFailed, MessageSent, MessageSuppressed, NotifyMessage
from notify.domain.messages import Message, Status, Thread, finished
from notify.handlers.documents import MESSAGES, THREADS


@dataclass(frozen=True)
class RecordSending:
    """A mail server accepted the message; `fallback_from` is the contact's language when no template exists in it."""

    message_id: str
    report_id: str
    language: str
    fallback_from: str | None = None


@dataclass(frozen=True)
class RecordFailure:
    """The message is undeliverable, or its last attempt failed."""

    message_id: str
    report_id: str
    reason: str


@dataclass(frozen=True)
class RecordSuppression:
    """The message has no recipient."""

    message_id: str
    report_id: str
    reason: str


def record_sending(
    command: RecordSending, message: Message | None, thread: Thread | None, moment: Moment
) -> Change:
    """Mark the message as sent and publish MessageSent; raises Refused (404) when there is no such message."""
    found, counts = _existing(message, thread)
    after = finished(
        found, Status.SENT, moment.now, language=command.language, fallback_from=command.fallback_from
    )
    event = MessageSent(
        report_id=found.report_id, message_id=found.message_id, template=found.template, channel=found.channel
    )
    return _finish(after, counts, event)


def record_failure(
    command: RecordFailure, message: Message | None, thread: Thread | None, moment: Moment
) -> Change:
    """Mark the message as failed and publish MessageFailed; raises Refused (404) when there is no such message."""
    found, counts = _existing(message, thread)
    event = MessageFailed(
        report_id=found.report_id,
        message_id=found.message_id,
        template=found.template,
        channel=found.channel,
        reason=command.reason,
    )
    return _finish(finished(found, Status.FAILED, moment.now, command.reason), counts, event)


def record_suppression(
    command: RecordSuppression, message: Message | None, thread: Thread | None, moment: Moment
) -> Change:
    """Mark the message as suppressed and publish MessageSuppressed; raises Refused (404) when there is no such message."""
    found, counts = _existing(message, thread)
    event = MessageSuppressed(
        report_id=found.report_id,
        message_id=found.message_id,
        template=found.template,
        channel=found.channel,
        reason=command.reason,
    )
    return _finish(finished(found, Status.SUPPRESSED, moment.now, command.reason), counts, event)


def _existing(message: Message | None, thread: Thread | None) -> tuple[Message, Thread]:
    if message is None or thread is None:
        raise Refused("unknown-message", "There is no such message.", 404, "message_id")
    return message, thread


def _finish(after: Message | None, thread: Thread, event: NotifyMessage) -> Change:
    if after is None:
        return NOTHING
    moved = thread.moved(Status.PENDING, after.status)
    return Change(write=[MESSAGES.put(after), THREADS.put(moved)], events=[event])
