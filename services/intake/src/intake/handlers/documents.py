"""The collections of intake."""

from chassis.documents import Collection, Raw
from chassis.sealing import Sealed
from intake.domain.categories import Categories
from intake.domain.category_texts import CategoryTexts
from intake.domain.entries import Entries
from intake.domain.places import Place
from intake.domain.registers import Register
from intake.domain.reports import Report


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


REPORTS = Collection(
    "reports",
    Report,
    key=lambda report: report.report_id,
    publishes=("intake.reports",),
    upcasters=(_without_sender, _with_history),
)
PRIVATE = Collection("private", Sealed, key=lambda sealed: sealed.owner)
ENTRIES = Collection("entries", Entries, key=lambda entries: entries.report_id)
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
