"""Send a message again."""

from dataclasses import dataclass, replace
from datetime import datetime

from chassis.errors import Refused
from chassis.handling import Change, Moment
from notify.domain.messages import Message, ResendReason, Status, Thread
from notify.handlers.documents import MESSAGES, THREADS
from notify.handlers.write_message import sending

DUE_DATES = ("contact_due_at", "due_at")


@dataclass(frozen=True)
class ResendMessage:
    """Write the message `copy_id`, a copy of `message_id`, and send it; `by` is the issuer's id of who asks."""

    message_id: str
    report_id: str
    copy_id: str
    reason: ResendReason
    by: str


def resend_message(
    command: ResendMessage,
    message: Message | None,
    copy: Message | None,
    thread: Thread | None,
    moment: Moment,
) -> Change:
    """Send a copy of a message that is no longer pending to the contact that the report has now.

    Raises Refused when there is no such message, while it is pending, when it has a copy already, and when its values were
    not kept.
    """
    if copy is not None and copy.copy_of == command.message_id:
        return Change(answer=_answer(copy))
    found, counts, values = _resendable(command, message, thread)
    again = Message(
        command.copy_id,
        found.report_id,
        found.template,
        found.channel,
        Status.PENDING,
        moment.now,
        values=_still_true(values, moment.now),
        copy_of=found.message_id,
        copy_reason=command.reason,
        copy_by=command.by,
    )
    return Change(
        write=[
            MESSAGES.put(replace(found, resent_as=again.message_id)),
            MESSAGES.put(again),
            THREADS.put(counts.moved(None, Status.PENDING)),
        ],
        jobs=[sending(again, again.values or {}, moment)],
        answer=_answer(again),
    )


def _answer(message: Message) -> dict[str, str]:
    return {"message_id": message.message_id, "status": message.status.value}


def _resendable(
    command: ResendMessage, message: Message | None, thread: Thread | None
) -> tuple[Message, Thread, dict[str, str]]:
    if message is None or thread is None or message.report_id != command.report_id:
        raise Refused("unknown-message", "There is no such message.", 404, "message_id")
    if message.status is Status.PENDING:
        raise Refused(
            "still-pending", "The message is still pending.", 409, fix="Wait until it is sent or has failed."
        )
    if message.resent_as is not None:
        raise Refused(
            "already-resent",
            "The message has a copy already.",
            409,
            fix=f"Resend {message.resent_as} instead.",
        )
    if message.values is None:
        raise Refused(
            "values-not-kept",
            "The message was written before the values of messages were kept.",
            409,
            fix="Tell the person in another way.",
        )
    return message, thread, message.values


def _still_true(values: dict[str, str], now: datetime) -> dict[str, str]:
    """The values for a copy that is written now: a due date that has passed is left out."""
    passed = {name for name in DUE_DATES if values.get(name) and datetime.fromisoformat(values[name]) <= now}
    return {name: "" if name in passed else value for name, value in values.items()}
