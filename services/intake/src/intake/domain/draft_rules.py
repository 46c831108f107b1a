"""The rules that a draft must satisfy to become a report."""

import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from intake.domain.categories import Categories, Category, Urgency
from intake.domain.drafts import Contact, Draft, normalized
from intake.domain.place_tree import PlaceTree
from intake.domain.places import Place, PlaceKind
from intake.domain.questions import Answers, answer_faults, diverted

MOST_CHARACTERS = 4000
CLOCK_SKEW = timedelta(minutes=5)
OLDEST = timedelta(days=365 * 20)
CALL_112 = (
    "Questo è un pericolo immediato: chiami subito il 112. Per incendio, odore di gas o una persona bloccata "
    "in ascensore può chiamare anche il 115. Questa segnalazione non è stata registrata."
)

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
# A number, and the extension of an office.
_PHONE = re.compile(
    r"\+?[0-9][0-9 ./()-]{3,23}[0-9](?:,? ?(?:int|interno|ext)\.? ?[0-9]{1,6})?", re.ASCII | re.IGNORECASE
)
_LANGUAGE = re.compile(r"[a-z]{2}")
# Letters and a symbol to Unicode that are rendered blank.
_BLANK = frozenset("\u115f\u1160\u2800\u3164\uffa0")
_FEWEST_DIGITS = 5

IsAddress = Callable[[str], bool]


@dataclass(frozen=True)
class Fault:
    """One violated rule: its code, the field, the problem and an accepted form."""

    slug: str
    field: str
    detail: str
    fix: str


_CONTACT_FAULTS = {
    "name": Fault(
        "contact-name",
        "contact.name",
        "The name has no visible character or is too long.",
        "Use letters, at most 120 characters.",
    ),
    "email": Fault(
        "contact-email", "contact.email", "This is not an e-mail address.", "Write it like nome@example.org."
    ),
    "phone": Fault(
        "contact-phone", "contact.phone", "This is not a phone number.", "Write it like +39 035 000000."
    ),
}


def faults(
    draft: Draft, categories: Categories, places: PlaceTree, now: datetime, is_address: IsAddress
) -> tuple[Fault, ...]:
    """All faults of a tidied draft, in the order of the form's fields."""
    stored = normalized(draft)
    category, place = categories.category(draft.category), places.place(draft.place_id)
    return (
        *subject_faults(category, place, draft.heard_at or now, stored.answers),
        *_flat_faults(draft, places),
        *text_faults(stored.description),
        *_contact_faults(stored.contact, is_address),
        *_language_faults(draft.language),
        *heard_at_faults(draft.heard_at, now),
        *closed_at_faults(draft.closed_at, draft.heard_at, now),
    )


def subject_faults(
    category: Category | None, place: Place | None, heard_at: datetime, answers: Answers | None = None
) -> tuple[Fault, ...]:
    """The faults of category, place and answers; an immediate danger is the only fault of its draft's subject."""
    if category is not None and (danger := _danger(category, answers or ())) is not None:
        return (Fault("call-112", danger, CALL_112, "Chiami il 112 o il 115."),)
    return (
        *_category_faults(category),
        *place_faults(place, heard_at),
        *_answer_faults(category, answers, place),
    )


def _danger(category: Category, answers: Answers) -> str | None:
    """The field that tells of an immediate danger, or None."""
    if category.urgency is Urgency.E0:
        return "category"
    found = diverted(category, answers)
    return found and f"answers.{found[0]}"


def _category_faults(category: Category | None) -> Iterator[Fault]:
    if category is None:
        yield Fault(
            "unknown-category",
            "category",
            "There is no such category.",
            "Use a code from GET /v1/categories.",
        )
    elif category.closed:
        yield Fault(
            "closed-category",
            "category",
            "This category is no longer used for new reports.",
            "Use another code from GET /v1/categories.",
        )


def _answer_faults(
    category: Category | None, answers: Answers | None, place: Place | None
) -> Iterator[Fault]:
    if category is None or answers is None or place is None:
        return
    for one in answer_faults(category, answers, place.kind):
        yield Fault(one.slug, f"answers.{one.question}", one.detail, one.fix)


def place_faults(place: Place | None, heard_at: datetime) -> Iterator[Fault]:
    """The fault of a place that a report cannot be about."""
    if place is None:
        yield Fault("unknown-place", "place_id", "There is no such place.", "Use an id from GET /v1/places.")
    elif place.kind is PlaceKind.FLAT:
        yield Fault(
            "place-is-flat",
            "place_id",
            "This is a flat, which is never published.",
            "Send its stair or building as `place_id`, and the flat as `flat`.",
        )
    elif not place.is_reportable:
        yield Fault(
            "place-too-wide",
            "place_id",
            "A report cannot be about a whole province.",
            "Use a neighbourhood, a building or a stair from GET /v1/places.",
        )
    elif not place.is_open(heard_at):
        yield Fault(
            "place-closed",
            "place_id",
            f"This place is not in use since {place.closed_on}.",
            "Use the building or the neighbourhood that it was part of.",
        )


def _flat_faults(draft: Draft, places: PlaceTree) -> Iterator[Fault]:
    """A flat belongs to the place of the report: to its stair, or to its building."""
    if draft.flat is None:
        return
    flat = places.place(draft.flat)
    above = {one.id for one in places.ancestors(draft.flat)}
    if flat is None or flat.kind is not PlaceKind.FLAT or draft.place_id not in above:
        yield Fault(
            "unknown-flat",
            "flat",
            "There is no such flat in this place.",
            "Use a flat from GET /v1/places?within=PLACE_ID, or leave it out.",
        )


def household_faults(
    household: Draft, places: PlaceTree, now: datetime, is_address: IsAddress
) -> tuple[Fault, ...]:
    """The faults of what the reports of one household share; the place may still be open."""
    return (
        *(place_faults(places.place(household.place_id), now) if household.place_id else ()),
        *_flat_faults(household, places),
        *_contact_faults(normalized(household).contact, is_address),
        *_language_faults(household.language),
    )


def heard_at_faults(heard_at: datetime | None, now: datetime) -> tuple[Fault, ...]:
    """The fault of a time in the future (beyond 5 minutes of clock skew) or more than twenty years ago."""
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
                "heard-too-long-ago",
                "heard_at",
                "The time is more than twenty years ago.",
                "Send a time of the last twenty years.",
            ),
        )
    return ()


def closed_at_faults(
    closed_at: datetime | None, heard_at: datetime | None, now: datetime
) -> tuple[Fault, ...]:
    """The fault of a closing in the future, or before the report was heard."""
    if closed_at is None or (heard_at or now) <= closed_at <= now + CLOCK_SKEW:
        return ()
    return (
        Fault(
            "closed-at-impossible",
            "closed_at",
            "The report cannot have been closed before it was heard, or in the future.",
            "Correct the time of the closing, or leave it out.",
        ),
    )


def text_faults(text: str, name: str = "description") -> tuple[Fault, ...]:
    """The faults of a text that somebody writes: the description of a report, or an entry."""
    if _UNSTORABLE.search(text):
        return (_unstorable(name),)
    if not _is_visible(text):
        return (Fault(f"{name}-missing", name, f"The {name} is empty.", "Say what is wrong."),)
    if len(text) > MOST_CHARACTERS:
        return (
            Fault(
                f"{name}-too-long",
                name,
                f"The {name} has {len(text)} characters.",
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
        _unstorable(f"contact.{name}") if _UNSTORABLE.search(value) else _CONTACT_FAULTS[name]
        for name, value, is_valid in given
        if value and (_UNSTORABLE.search(value) or not is_valid(value))
    )


def _is_name(value: str) -> bool:
    return len(value) <= 120 and _is_visible(value)


def _is_phone(value: str) -> bool:
    return bool(_PHONE.fullmatch(value)) and sum(map(str.isdigit, value)) >= _FEWEST_DIGITS


def _is_visible(text: str) -> bool:
    """Whether the text has a visible character: a letter, a digit, a punctuation mark or a symbol."""
    return any(unicodedata.category(one)[0] in "LNPS" and one not in _BLANK for one in text)


def _language_faults(language: str) -> tuple[Fault, ...]:
    if _LANGUAGE.fullmatch(language):
        return ()
    return (
        Fault(
            "unknown-language", "language", "This is not a language code.", "Use ISO 639-1, like it or ar."
        ),
    )


def _unstorable(name: str) -> Fault:
    return Fault(
        "unreadable-text",
        name,
        "The text has characters that cannot be stored (a null character or an unpaired surrogate).",
        "Send the text as UTF-8 without them.",
    )
