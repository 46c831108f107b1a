"""The collections of intake."""

from dataclasses import dataclass

from chassis.documents import Collection, Raw
from chassis.sealing import Sealed
from intake.domain.categories import Categories
from intake.domain.category_texts import CategoryTexts
from intake.domain.corrections import Corrections
from intake.domain.entries import Entries
from intake.domain.mails import Mail
from intake.domain.photos import Photos
from intake.domain.places import Place
from intake.domain.publications import Publication
from intake.domain.registers import Register
from intake.domain.reports import Report
from intake.domain.sessions import Session
from intake.domain.waiting import WaitingItem


@dataclass(frozen=True)
class PrivatePart(Sealed):
    """The encrypted content of a report, and the keyed hashes of its contact and of its words; all are erased together."""

    lookup: tuple[str, ...] = ()
    words: tuple[bytes, ...] = ()


def _without_sender(state: Raw) -> Raw:
    """Form 2 adds the sender's hash; a report of form 1 has none, and no resend of it gets the PIN."""
    return state | {"sender_hash": None}


def _with_history(state: Raw) -> Raw:
    """Form 3 adds the history and the nonce of the PIN; of a report of form 2 only its present status is known."""
    known = {name: state.get(name) for name in ("route", "due_at")}
    if state["status"] == "registered":
        return state | {"history": []}
    step = {"what": state["status"], "at": state["updated_at"], "code": state.get("outcome"), **known}
    return state | {"history": [step]}


def _without_lists(state: Raw) -> Raw:
    """Form 2 has no categories and no places: they are documents of their own."""
    return {name: value for name, value in state.items() if name not in ("categories", "places")}


def _with_depth(state: Raw) -> Raw:
    """Form 4 adds the listening session, the report about the same problem and the score; an earlier report has none of them."""
    return state | {
        "session_id": None,
        "merged_into": None,
        "voices": 1,
        "followers": [],
        "score": None,
        "rated_at": None,
    }


def _without_lookup(state: Raw) -> Raw:
    """Form 2 adds the hashes of the contact, which an earlier report gets when it is opened, and those of the words."""
    return state | {"lookup": [], "words": []}


def _without_skew(state: Raw) -> Raw:
    """Form 2 adds the difference of the clocks, which of an earlier item is not known."""
    return state | {"skew_ms": 0}


def _with_all_photos(state: Raw) -> Raw:
    """Form 2 adds the photos that could not be added, which of an earlier report are not known."""
    return state | {"left_out": []}


REPORTS = Collection(
    "reports",
    Report,
    key=lambda report: report.report_id,
    publishes=("intake.reports",),
    upcasters=(_without_sender, _with_history, _with_depth),
)
PRIVATE = Collection("private", PrivatePart, key=lambda sealed: sealed.owner, upcasters=(_without_lookup,))
SESSIONS = Collection(
    "listening_sessions", Session, key=lambda session: session.session_id, publishes=("intake.sessions",)
)
# What a household said in a session, and the notes of who listened.
TALKS = Collection("talks", Sealed, key=lambda sealed: sealed.owner)
ENTRIES = Collection("entries", Entries, key=lambda entries: entries.report_id)
CORRECTIONS = Collection("corrections", Corrections, key=lambda corrections: corrections.report_id)
WAITING = Collection("waiting", WaitingItem, key=lambda item: item.id, upcasters=(_without_skew,))
PUBLICATIONS = Collection("publications", Publication, key=lambda publication: publication.report_id)
PHOTOS = Collection("photos", Photos, key=lambda photos: photos.report_id, upcasters=(_with_all_photos,))
MAILS = Collection("mails", Mail, key=lambda mail: mail.mail_id, publishes=("intake.mails",))
REGISTERS = Collection(
    "registers",
    Register,
    key=lambda register: register.name,
    reference=True,
    upcasters=(_without_lists,),
)
PLACES = Collection("places", Place, key=lambda place: place.id, reference=True)
CATEGORIES = Collection("categories", Categories, key=lambda categories: categories.name, reference=True)
CATEGORY_TEXTS = Collection("category_texts", CategoryTexts, key=lambda texts: texts.language, reference=True)
# A build before form 2 reads its categories and places in the registers "categories" and "places", which are left to it.
PLACE_TREE = "place-tree"
COLLECTIONS = (
    REPORTS,
    PRIVATE,
    ENTRIES,
    PUBLICATIONS,
    PHOTOS,
    CATEGORIES,
    CATEGORY_TEXTS,
    REGISTERS,
    PLACES,
    SESSIONS,
    TALKS,
    WAITING,
    MAILS,
    CORRECTIONS,
)
