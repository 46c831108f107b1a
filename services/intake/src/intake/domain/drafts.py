"""A draft: what somebody asks us to take in, tidied and judged before it becomes a report."""

import re
import unicodedata
from collections.abc import Callable
from dataclasses import astuple, dataclass, field, replace
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
_PHONE = re.compile(r"\+?[0-9][0-9 ./()-]{3,23}[0-9]")
_LANGUAGE = re.compile(r"[a-z]{2}")
# Letters and a symbol that Unicode counts as such and that show nothing.
_BLANK = frozenset("\u115f\u1160\u2800\u3164\uffa0")
_FEWEST_DIGITS = 5

IsAddress = Callable[[str], bool]


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
    "name": Fault(
        "contact-name",
        "contact.name",
        "The name shows nothing or is too long.",
        "Use letters, at most 120 characters.",
    ),
    "email": Fault(
        "contact-email", "contact.email", "This is not an e-mail address.", "Write it like nome@example.org."
    ),
    "phone": Fault(
        "contact-phone", "contact.phone", "This is not a phone number.", "Write it like +39 035 000000."
    ),
}


def tidy(draft: Draft) -> Draft:
    """The draft without control characters and blank edges, its time in UTC; what is empty is missing.

    Two sends are the same when this form of them is: a change here makes a resend of an older report another one.
    """
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


def composed(draft: Draft) -> Draft:
    """The draft as it is kept: letters with their accents in one character where Unicode has one (NFC)."""
    contact = draft.contact
    return replace(
        draft,
        description=unicodedata.normalize("NFC", draft.description),
        contact=Contact(*(value and unicodedata.normalize("NFC", value) for value in astuple(contact))),
    )


def faults(
    draft: Draft, categories: Register, places: Register, now: datetime, is_address: IsAddress
) -> tuple[Fault, ...]:
    """Everything that is wrong with a tidied draft, in the order in which a form asks for it."""
    kept = composed(draft)
    return (
        *subject_faults(draft.category, draft.place_id, categories, places),
        *_text_faults(kept.description),
        *_contact_faults(kept.contact, is_address),
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
    if _UNREADABLE.search(text):
        return (_unreadable("description"),)
    if not _shows(text):
        return (
            Fault("description-missing", "description", "The description is empty.", "Say what is wrong."),
        )
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


def _contact_faults(contact: Contact, is_address: IsAddress) -> tuple[Fault, ...]:
    given: tuple[tuple[str, str | None, IsAddress], ...] = (
        ("name", contact.name, _is_name),
        ("email", contact.email, is_address),
        ("phone", contact.phone, _is_phone),
    )
    return tuple(
        _unreadable(f"contact.{name}") if _UNREADABLE.search(value) else _UNFIT_CONTACT[name]
        for name, value, fits in given
        if value and (_UNREADABLE.search(value) or not fits(value))
    )


def _is_name(value: str) -> bool:
    return len(value) <= 120 and _shows(value)


def _is_phone(value: str) -> bool:
    return bool(_PHONE.fullmatch(value)) and sum(map(str.isdigit, value)) >= _FEWEST_DIGITS


def _shows(text: str) -> bool:
    """Whether anything can be seen of a text: a letter, a digit, a sign or a symbol."""
    return any(unicodedata.category(one)[0] in "LNPS" and one not in _BLANK for one in text)


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
    try:
        return moment.astimezone(UTC).replace(microsecond=moment.microsecond // 1000 * 1000)
    except OverflowError:  # before the first year or after the last: left as it is, and refused for its age
        return moment
