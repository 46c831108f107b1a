"""A waiting item: something that was heard and cannot become a report as it is, until the desk completes it."""

import re
from collections.abc import Set
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

# What a report may have is asked when the desk completes it: until then a whole mail is kept.
MOST_KEPT = 50_000
# For this long the desk can still read what it discarded, when somebody asks after it.
KEPT_AFTER_DISCARD = timedelta(days=30)
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


class WaitingSource(StrEnum):
    """Where an item comes from."""

    MAIL = "mail"
    PHONE = "phone"


class WaitingState(StrEnum):
    """The state of an item."""

    WAITING = "waiting"
    SETTLED = "settled"
    DISCARDED = "discarded"


class DiscardReason(StrEnum):
    """Why the desk discards an item."""

    SPAM = "spam"
    KNOWN = "known"
    NOT_OURS = "not-ours"
    ANSWERED = "answered"
    OTHER = "other"


@dataclass(frozen=True)
class WaitingItem:
    """One item, without personal data; `id` is the id of the report that it will become, and what was written is its private part.

    `reasons` are codes that say what is missing or wrong. `category` and `place_id` are what the sender said, known or not.
    `operator` is the issuer's id of who took it down on a phone, `about` an existing report that it belongs to. `settled_at` is
    when `by` completed or discarded it; `outcome` is why it was discarded. `skew_ms` is how far the phone's clock was behind ours.
    """

    id: str
    source: str
    reasons: tuple[str, ...]
    fingerprint: str
    captured_at: datetime
    received_at: datetime
    channel: str
    language: str
    category: str = ""
    place_id: str = ""
    operator: str | None = None
    session_id: str | None = None
    sender_hash: str | None = None
    about: str | None = None
    state: WaitingState = WaitingState.WAITING
    by: str | None = None
    settled_at: datetime | None = None
    outcome: str | None = None
    skew_ms: int = 0

    @property
    def waits(self) -> bool:
        """Whether nobody has completed or discarded it."""
        return self.state is WaitingState.WAITING


def may_complete(item: WaitingItem, subject: str, roles: Set[str]) -> bool:
    """Whether this person sees and completes the item: coordinators all, operators what they took down themselves."""
    if "coordinator" in roles:
        return True
    return "operator" in roles and item.operator is not None and item.operator == subject


def completed(item: WaitingItem, by: str, now: datetime) -> WaitingItem:
    """The item once it is a report, or part of one."""
    return replace(item, state=WaitingState.SETTLED, by=by, settled_at=now)


def discarded(item: WaitingItem, by: str, reason: DiscardReason, now: datetime) -> WaitingItem:
    """The item that becomes no report."""
    return replace(item, state=WaitingState.DISCARDED, by=by, settled_at=now, outcome=reason.value)


def storable(text: str) -> str:
    """The text as it can be stored: what Unicode cannot encode is replaced, and after 50,000 characters it ends."""
    return _UNSTORABLE.sub("\N{REPLACEMENT CHARACTER}", text[:MOST_KEPT])
