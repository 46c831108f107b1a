"""What is no mail of a person to the agency: bounces, automatic replies, mailing lists, and mails that go round in circles."""

import re
from collections.abc import Collection
from dataclasses import dataclass

from intake.domain.mails import MailOutcome, ReadMail

# More servers than a mail passes on any real way (RFC 5321, 6.3).
MOST_HOPS = 50
# Added to every mail that leaves our system.
OURS = "x-ascolto-message"
_BULK = frozenset({"bulk", "junk", "list"})
_SUPPRESSED = frozenset({"all", "oof", "autoreply"})
_ABSENT = re.compile(r"(automatic reply|auto-?reply|out of office|risposta automatica)\b", re.IGNORECASE)


@dataclass(frozen=True)
class Envelope:
    """What the mail server says about a mail: its return path, empty for a bounce, and the one recipient."""

    sender: str
    recipient: str


def ignored_as(mail: ReadMail, envelope: Envelope, own: Collection[str]) -> MailOutcome | None:
    """Why nothing is made of a mail, or None for a mail of a person; `own` are our addresses, lower case.

    RFC 3834 (automatic responses), RFC 3464 (delivery reports), RFC 2919 (lists).
    """
    if _goes_round(mail, envelope, own):
        return MailOutcome.LOOP
    if (
        not envelope.sender
        or mail.content_type == "multipart/report"
        or mail.sender.lower().startswith("mailer-daemon@")
    ):
        return MailOutcome.BOUNCE
    if _is_automatic(mail):
        return MailOutcome.AUTO_REPLY
    if _is_of_a_list(mail):
        return MailOutcome.LIST_MAIL
    return None


def _goes_round(mail: ReadMail, envelope: Envelope, own: Collection[str]) -> bool:
    """Whether we sent the mail, or it has passed here before."""
    senders = {
        mail.sender.lower(),
        _without_tag(mail.sender),
        envelope.sender.lower(),
        _without_tag(envelope.sender),
    }
    looped = any("ascolto" in value.lower() for value in mail.headers.get("x-loop", ()))
    hops = len(mail.headers.get("received", ()))
    return OURS in mail.headers or looped or hops > MOST_HOPS or not senders.isdisjoint(own)


def _is_automatic(mail: ReadMail) -> bool:
    submitted = mail.header("auto-submitted")
    return (
        (submitted != "" and not submitted.startswith("no"))
        or mail.header("precedence") == "auto_reply"
        or any(name in mail.headers for name in ("x-autoreply", "x-autorespond", "x-autoresponse"))
        # Programs write this; people's own mails do not have it.
        or not _SUPPRESSED.isdisjoint(re.split(r"[\s,]+", mail.header("x-auto-response-suppress")))
        or bool(_ABSENT.match(mail.subject))
    )


def _is_of_a_list(mail: ReadMail) -> bool:
    return mail.header("precedence") in _BULK or any(
        name in mail.headers for name in ("list-id", "list-unsubscribe", "list-post", "feedback-id")
    )


def _without_tag(address: str) -> str:
    """The address without what follows a plus in its local part, lower case."""
    local, _, domain = address.lower().rpartition("@")
    return f"{local.partition('+')[0]}@{domain}"
