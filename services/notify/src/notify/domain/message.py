"""A message: one thing told about one report on one channel, and how far it got."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

EMAIL = "email"


class Status(StrEnum):
    """Where a message stands; from pending it goes to one of the others and stays there."""

    PENDING = "pending"
    SENT = "sent"
    FAILED = "failed"
    SUPPRESSED = "suppressed"


@dataclass(frozen=True)
class Message:
    """What is known about a message; never to whom it goes."""

    message_id: str
    report_id: str
    template: str
    channel: str
    status: Status
    written_at: datetime
    settled_at: datetime | None = None
    reason: str | None = None
    language: str | None = None
    fallback_from: str | None = None


@dataclass(frozen=True)
class Thread:
    """How many messages about one report stand where."""

    report_id: str
    pending: int = 0
    sent: int = 0
    failed: int = 0
    suppressed: int = 0

    def moved(self, before: Status | None, after: Status) -> "Thread":
        """The thread after one message has gone from one status (None: it is new) to another."""
        counts = {status.value: getattr(self, status.value) for status in Status}
        counts[after.value] += 1
        if before is not None:
            counts[before.value] -= 1
        return replace(self, **counts)


def settled(
    message: Message,
    status: Status,
    now: datetime,
    reason: str | None = None,
    language: str | None = None,
    fallback_from: str | None = None,
) -> Message | None:
    """The message at its end, or None when it had come to one before: nothing is sent, failed and sent again."""
    if message.status is not Status.PENDING:
        return None
    return replace(
        message, status=status, settled_at=now, reason=reason, language=language, fallback_from=fallback_from
    )
