"""Messages: one notification about one report on one channel, and its status."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

EMAIL = "email"


class Status(StrEnum):
    """The status of a message; pending changes once to one of the others, which are final."""

    PENDING = "pending"
    SENT = "sent"
    FAILED = "failed"
    SUPPRESSED = "suppressed"


class ResendReason(StrEnum):
    """Why staff sends a message again."""

    NOT_RECEIVED = "not-received"
    ADDRESS_CORRECTED = "address-corrected"
    TENANT_REQUEST = "tenant-request"
    OTHER = "other"


@dataclass(frozen=True)
class Message:
    """A message without its recipient; `values` are what its template needs, None in messages of form 1.

    A copy that staff sends names the message that it repeats, why, and the issuer's id of who asked; a message is
    repeated once, and then its copy is: so the copies of a message are a chain.
    """

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
    values: dict[str, str] | None = None
    resent_as: str | None = None
    copy_of: str | None = None
    copy_reason: ResendReason | None = None
    copy_by: str | None = None

    @property
    def can_be_resent(self) -> bool:
        """Whether staff may send it again: it is settled, has no copy yet, and its values were kept."""
        return self.status is not Status.PENDING and self.resent_as is None and self.values is not None


NOBODY = "nobody"


@dataclass(frozen=True)
class Thread:
    """The number of messages about one report, by status, and what they have told about its case.

    `route` is who looks after the case as the person was told, NOBODY while it is held; `closed` is whether they were told
    that it is closed. None is unknown: no message told it, or one of form 1 did.
    """

    report_id: str
    pending: int = 0
    sent: int = 0
    failed: int = 0
    suppressed: int = 0
    route: str | None = None
    closed: bool | None = None

    def moved(self, before: Status | None, after: Status) -> "Thread":
        """The thread after one message changed from one status (None: it is new) to another."""
        counts = {status.value: getattr(self, status.value) for status in Status}
        counts[after.value] += 1
        if before is not None:
            counts[before.value] -= 1
        return replace(self, **counts)


def finished(
    message: Message,
    status: Status,
    now: datetime,
    reason: str | None = None,
    language: str | None = None,
    fallback_from: str | None = None,
) -> Message | None:
    """The message with its final status, or None when it has one already."""
    if message.status is not Status.PENDING:
        return None
    return replace(
        message, status=status, settled_at=now, reason=reason, language=language, fallback_from=fallback_from
    )
