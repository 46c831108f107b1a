"""A draft: the content of a report before it is accepted."""

import re
import unicodedata
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from intake.domain.questions import Answer, Answers, tidy_answers

_CONTROLS = re.compile("[\x01-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")


@dataclass(frozen=True)
class Contact:
    """Name, e-mail address and phone number of the reporter, all optional."""

    name: str | None = None
    email: str | None = None
    phone: str | None = None


@dataclass(frozen=True)
class Draft:
    """A report as it is submitted; the flat, if given, is a place below the report's and is never published.

    `answers` is None when nobody was asked the category's questions.
    `closed_at` is set when it was closed before, in the list that it is imported from; `cancelled` when that was no closing: whoever
    kept the list, or whoever reported, took it back.
    """

    category: str
    place_id: str
    description: str
    language: str = "it"
    channel: str = "web"
    heard_at: datetime | None = None
    contact: Contact = field(default_factory=Contact)
    frail: bool = False
    flat: str | None = None
    answers: Answers | None = None
    closed_at: datetime | None = None
    cancelled: bool = False


def tidy(draft: Draft) -> Draft:
    """The draft without control characters and surrounding whitespace, its time in UTC; empty contact fields become None.

    The fingerprint of a report is computed from this form: a change here makes a resend of an older report a different report.
    """
    contact = draft.contact
    return replace(
        draft,
        category=draft.category.strip(),
        place_id=draft.place_id.strip(),
        description=tidy_text(draft.description),
        language=draft.language.strip().lower(),
        heard_at=_milliseconds(draft.heard_at),
        closed_at=_milliseconds(draft.closed_at),
        contact=Contact(_line(contact.name), _line(contact.email), _line(contact.phone)),
        flat=_line(draft.flat),
        answers=None if draft.answers is None else tidy_answers(draft.answers),
    )


def normalized(draft: Draft) -> Draft:
    """The draft as it is stored, its texts in Unicode Normalization Form C."""
    contact = draft.contact
    texts = (draft.description, contact.name or "", contact.email or "", contact.phone or "")
    if not draft.answers and all(unicodedata.is_normalized("NFC", text) for text in texts):
        return draft
    return replace(
        draft,
        description=normalized_text(draft.description),
        contact=Contact(
            *(value and normalized_text(value) for value in (contact.name, contact.email, contact.phone))
        ),
        answers=draft.answers and tuple(_normalized(one) for one in draft.answers),
    )


def tidy_text(value: str) -> str:
    """The text without control characters and surrounding whitespace."""
    return _CONTROLS.sub("", value.replace("\r\n", "\n").replace("\r", "\n")).strip()


def normalized_text(value: str) -> str:
    """The text as it is stored, in Unicode Normalization Form C."""
    return unicodedata.normalize("NFC", value)


def _normalized(answer: Answer) -> Answer:
    return replace(answer, values=tuple(map(normalized_text, answer.values)))


def _line(value: str | None) -> str | None:
    return " ".join(tidy_text(value or "").split()) or None


def _milliseconds(moment: datetime | None) -> datetime | None:
    """The moment in UTC, truncated to the milliseconds that the database stores."""
    if moment is None:
        return None
    try:
        return moment.astimezone(UTC).replace(microsecond=moment.microsecond // 1000 * 1000)
    except OverflowError:  # outside the years 1 to 9999 in UTC: unchanged, the rules refuse it for its age
        return moment
