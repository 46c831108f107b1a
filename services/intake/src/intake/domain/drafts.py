"""A draft: what somebody asks us to take in, tidied and judged before it becomes a report."""

import re
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from intake.domain.registers import Register, Urgency

MOST_CHARACTERS = 4000
CLOCK_SKEW = timedelta(minutes=5)
OLDEST = timedelta(days=365 * 20)
CALL_112 = (
    "Questo è un pericolo immediato: chiami subito il 112. Per incendio, odore di gas o una persona bloccata "
    "in ascensore può chiamare anche il 115. Questa segnalazione non è stata registrata."
)

_CONTROLS = re.compile("[\x01-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_UNREADABLE = re.compile("[\x00\ud800-\udfff]")
_EMAIL = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@(?:[A-Za-z0-9-]{1,63}\.)+[A-Za-z0-9-]{2,63}")
_PHONE = re.compile(r"\+?[0-9][0-9 ./()-]{3,23}[0-9]")
_LANGUAGE = re.compile(r"[a-z]{2}")


@dataclass(frozen=True)
class Contact:
    """How to reach whoever made the report; every part may be missing."""

    name: str | None = None
    email: str | None = None
    phone: str | None = None


@dataclass(frozen=True)
class Draft:
    """What somebody asks us to take in."""

    category: str
    place_id: str
    description: str
    language: str = "it"
    channel: str = "web"
    heard_at: datetime | None = None
    contact: Contact = field(default_factory=Contact)
    frail: bool = False


@dataclass(frozen=True)
class Fault:
    """Why a draft cannot be taken in: the field, what is wrong and what would be accepted."""

    slug: str
    field: str
    detail: str
    fix: str


_UNFIT_CONTACT = {
    "name": Fault("contact-name", "contact.name", "The name is too long.", "Use at most 120 characters."),
    "email": Fault(
        "contact-email", "contact.email", "This is not an e-mail address.", "Write it like nome@example.org."
    ),
    "phone": Fault(
        "contact-phone", "contact.phone", "This is not a phone number.", "Write it like +39 035 000000."
    ),
}


def tidy(draft: Draft) -> Draft:
    """The draft without control characters and blank edges, its time in UTC; what is empty is missing."""
    contact = draft.contact
    return replace(
        draft,
        category=draft.category.strip(),
        place_id=draft.place_id.strip(),
        description=_text(draft.description),
        language=draft.language.strip().lower(),
        heard_at=_instant(draft.heard_at),
        contact=Contact(_line(contact.name), _line(contact.email), _line(contact.phone)),
    )


def faults(draft: Draft, categories: Register, places: Register, now: datetime) -> tuple[Fault, ...]:
    """Everything that is wrong with a tidied draft, in the order in which a form asks for it."""
    return (
        *subject_faults(draft.category, draft.place_id, categories, places),
        *_text_faults(draft.description),
        *_contact_faults(draft.contact),
        *_language_faults(draft.language),
        *hearing_faults(draft.heard_at, now),
    )


def subject_faults(
    category_code: str, place_id: str, categories: Register, places: Register
) -> tuple[Fault, ...]:
    """What is wrong with the subject of a report; a danger is refused before anything else is asked."""
    found: list[Fault] = []
    category = categories.category(category_code)
    if category is None:
        found.append(
            Fault(
                "unknown-category",
                "category",
                "There is no such category.",
                "Use a code from GET /v1/categories.",
            )
        )
    elif category.urgency is Urgency.E0:
        return (Fault("call-112", "category", CALL_112, "Chiami il 112 o il 115."),)
    if places.place(place_id) is None:
        found.append(
            Fault("unknown-place", "place_id", "There is no such place.", "Use an id from GET /v1/places.")
        )
    return tuple(found)


def hearing_faults(heard_at: datetime | None, now: datetime) -> tuple[Fault, ...]:
    """What is wrong with the time at which a report was heard: the future, or more than twenty years ago."""
    if heard_at is None:
        return ()
    if heard_at > now + CLOCK_SKEW:
        return (
            Fault(
                "heard-in-future", "heard_at", "The time is in the future.", "Send a time that has passed."
            ),
        )
    if heard_at < now - OLDEST:
        return (
            Fault(
                "heard-too-long-ago", "heard_at", "The time is too long ago.", "Send a time of these years."
            ),
        )
    return ()


def _text_faults(text: str) -> tuple[Fault, ...]:
    if not text:
        return (
            Fault("description-missing", "description", "The description is empty.", "Say what is wrong."),
        )
    if _UNREADABLE.search(text):
        return (_unreadable("description"),)
    if len(text) > MOST_CHARACTERS:
        return (
            Fault(
                "description-too-long",
                "description",
                f"The description has {len(text)} characters.",
                f"Use at most {MOST_CHARACTERS} characters.",
            ),
        )
    return ()


def _contact_faults(contact: Contact) -> tuple[Fault, ...]:
    given = {"name": contact.name, "email": contact.email, "phone": contact.phone}
    return tuple(
        _unreadable(f"contact.{name}") if _UNREADABLE.search(value) else _UNFIT_CONTACT[name]
        for name, value in given.items()
        if value and (_UNREADABLE.search(value) or not _fits(name, value))
    )


def _fits(name: str, value: str) -> bool:
    if name == "name":
        return len(value) <= 120
    return len(value) <= 254 and bool((_EMAIL if name == "email" else _PHONE).fullmatch(value))


def _language_faults(language: str) -> tuple[Fault, ...]:
    if _LANGUAGE.fullmatch(language):
        return ()
    return (
        Fault(
            "unknown-language", "language", "This is not a language code.", "Use ISO 639-1, like it or ar."
        ),
    )


def _unreadable(name: str) -> Fault:
    return Fault(
        "unreadable-text",
        name,
        "The text has characters that cannot be kept (a null character or half of a surrogate pair).",
        "Send the text as UTF-8 without them.",
    )


def _text(value: str) -> str:
    return _CONTROLS.sub("", value.replace("\r\n", "\n").replace("\r", "\n")).strip()


def _line(value: str | None) -> str | None:
    return " ".join(_text(value or "").split()) or None


def _instant(moment: datetime | None) -> datetime | None:
    """The same moment as the database keeps it: UTC, cut to the millisecond."""
    if moment is None:
        return None
    return moment.astimezone(UTC).replace(microsecond=moment.microsecond // 1000 * 1000)
