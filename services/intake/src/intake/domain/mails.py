"""A mail that somebody sent to the agency: what it says, and what became of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

# What a mail may be; the agency's mail server has the same limit or a smaller one.
MOST_BYTES = 25 * 1024**2
# For how long mail servers try to deliver: an older date is the sender's clock, not the time of the mail.
LONGEST_ON_THE_WAY = timedelta(days=5)


class MailOutcome(StrEnum):
    """What becomes of a mail."""

    TO_REPORT = "to-report"
    WAITING = "waiting"
    BOUNCE = "bounce"
    AUTO_REPLY = "auto-reply"
    LIST_MAIL = "list-mail"
    LOOP = "loop"
    EMPTY = "empty"


# Nothing is kept of these, and nobody is answered.
IGNORED = frozenset(
    {
        MailOutcome.BOUNCE,
        MailOutcome.AUTO_REPLY,
        MailOutcome.LIST_MAIL,
        MailOutcome.LOOP,
        MailOutcome.EMPTY,
    }
)


class LeftOut(StrEnum):
    """Why an attachment was not kept, before anything tried to decode it."""

    WINMAIL = "winmail"
    ARCHIVE = "archive"
    PROGRAM = "program"
    DOCUMENT = "document"
    OTHER_FILE = "other-file"
    TOO_MANY_PARTS = "too-many-parts"
    UNREADABLE = "unreadable"


@dataclass(frozen=True)
class Mail:
    """What became of one mail, without personal data.

    `report_id` is the report that it belongs to, if its sender and a code say so, and `about` the one that a code alone names.
    `item_id` is the id of the report that the desk may make of it. `done` is whether everything of it is stored: then `added` is
    whether it is part of `report_id`, and `left_out` are the codes of the attachments that were not kept.
    """

    mail_id: str
    outcome: MailOutcome
    received_at: datetime
    captured_at: datetime
    item_id: str
    report_id: str | None = None
    about: str | None = None
    done: bool = False
    added: bool = False
    photos: int = 0
    left_out: tuple[str, ...] = ()


@dataclass(frozen=True)
class ReadMail:
    """A mail as it was read; `headers` have lower-case names, `text` is all that it says, `photos` are attached pictures.

    `content_hash` is the same however a mail arrives, because what servers on the way add is not in it.
    """

    sender: str
    sender_name: str
    subject: str
    text: str
    headers: Mapping[str, tuple[str, ...]]
    content_type: str
    date: datetime | None
    content_hash: str
    photos: tuple[bytes, ...] = field(default=(), repr=False)
    left_out: tuple[str, ...] = ()

    def header(self, name: str) -> str:
        """The first header of this name, lower case and without surrounding space; empty when there is none."""
        found = self.headers.get(name, ())
        return found[0].strip().lower() if found else ""


def captured_at(date: datetime | None, received_at: datetime) -> datetime:
    """When the mail was written, as far as its date can be true; otherwise when it was received."""
    if date is None or not received_at - LONGEST_ON_THE_WAY <= date <= received_at:
        return received_at
    return date


def finished(mail: Mail, *, report_id: str, added: bool, photos: int, left_out: tuple[str, ...]) -> Mail:
    """The mail once everything of it is stored."""
    return replace(mail, done=True, report_id=report_id, added=added, photos=photos, left_out=left_out)
