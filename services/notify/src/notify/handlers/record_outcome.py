"""A sending has ended: the message comes to rest, and others may know."""

from dataclasses import dataclass

from chassis.errors import Refused
from chassis.handling import NOTHING, Change, Moment
from contracts.notify import MessageFailed, MessageSent, MessageSuppressed, NotifyMessage
from notify.domain.message import Message, Status, Thread, settled
from notify.handlers.documents import MESSAGES, THREADS


@dataclass(frozen=True)
class RecordSending:
    """A mail server has taken the message over; `fallback_from` is the language that was wanted and is not there."""

    message_id: str
    report_id: str
    language: str
    fallback_from: str | None = None


@dataclass(frozen=True)
class RecordFailure:
    """The message cannot be delivered, or was tried often enough."""

    message_id: str
    report_id: str
    reason: str


@dataclass(frozen=True)
class RecordSuppression:
    """There is nobody to write to."""

    message_id: str
    report_id: str
    reason: str


def record_sending(
    command: RecordSending, message: Message | None, thread: Thread | None, moment: Moment
) -> Change:
    """Mark the message as sent and say so."""
    found, counts = _there(message, thread)
    after = settled(
        found, Status.SENT, moment.now, language=command.language, fallback_from=command.fallback_from
    )
    said = MessageSent(
        report_id=found.report_id, message_id=found.message_id, template=found.template, channel=found.channel
    )
    return _rest(after, counts, said)


def record_failure(
    command: RecordFailure, message: Message | None, thread: Thread | None, moment: Moment
) -> Change:
    """Mark the message as failed, with the reason, and say so."""
    found, counts = _there(message, thread)
    said = MessageFailed(
        report_id=found.report_id,
        message_id=found.message_id,
        template=found.template,
        channel=found.channel,
        reason=command.reason,
    )
    return _rest(settled(found, Status.FAILED, moment.now, command.reason), counts, said)


def record_suppression(
    command: RecordSuppression, message: Message | None, thread: Thread | None, moment: Moment
) -> Change:
    """Mark the message as suppressed, with the reason, and say so."""
    found, counts = _there(message, thread)
    said = MessageSuppressed(
        report_id=found.report_id,
        message_id=found.message_id,
        template=found.template,
        channel=found.channel,
        reason=command.reason,
    )
    return _rest(settled(found, Status.SUPPRESSED, moment.now, command.reason), counts, said)


def _there(message: Message | None, thread: Thread | None) -> tuple[Message, Thread]:
    if message is None or thread is None:
        raise Refused("unknown-message", "There is no such message.", 404, "message_id")
    return message, thread


def _rest(after: Message | None, thread: Thread, said: NotifyMessage) -> Change:
    if after is None:
        return NOTHING
    moved = thread.moved(Status.PENDING, after.status)
    return Change(write=[MESSAGES.put(after), THREADS.put(moved)], events=[said])
