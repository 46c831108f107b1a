"""The events of notify: messages sent, failed or suppressed."""

from typing import ClassVar

from pydantic import Field

from contracts.base import Code, Event, Id


class NotifyMessage(Event):
    """The base of the events of messages about one report; the key is the report."""

    topic: ClassVar[str] = "notify.messages"
    key_field: ClassVar[str] = "report_id"

    report_id: Id
    message_id: Id
    template: Code
    channel: Code = Field(description="email today; sms, io, pec or letter one day.")


class MessageSent(NotifyMessage):
    """A provider has taken the message over."""

    type_tag: ClassVar[str] = "message-sent.v1"


class MessageFailed(NotifyMessage):
    """The message will not be tried again."""

    type_tag: ClassVar[str] = "message-failed.v1"

    reason: Code


class MessageSuppressed(NotifyMessage):
    """There was nobody to write to, or no wish to be written to."""

    type_tag: ClassVar[str] = "message-suppressed.v1"

    reason: Code
