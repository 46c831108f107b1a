"""The stored documents of an agency with many reports: the latest thousand are always the same, and more are older ones."""

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

from chassis.documents import Collection, Raw
from chassis.ids import derive
from chassis.sealing import Sealer
from chassis.store.audit import SCOPE
from chassis.store.collections import AUDIT
from intake.adapters.seed_files import read_registers
from intake.app.blind_index import BlindIndex
from intake.app.tracking_codes import TrackingCodes
from intake.app.word_index import WordIndex
from intake.domain.categories import Category
from intake.domain.drafts import Contact
from intake.domain.entries import Entries, Entry
from intake.domain.photos import Photo, Photos, Rendition
from intake.domain.places import Place, PlaceKind
from intake.domain.publications import Publication, Review
from intake.domain.reports import Report, Status, Step
from intake.domain.sessions import FollowUp, Session, SessionStatus, TakenReport
from intake.domain.waiting import WaitingItem, WaitingState
from intake.handlers import documents as intake
from intake.queries.readings import READ
from notify.domain.messages import Message, Thread
from notify.domain.messages import Status as MessageStatus
from notify.handlers import documents as notify
from routing.domain.cases import Case, Outcome
from routing.domain.cases import Status as CaseStatus
from routing.domain.history import Entry as CaseEntry
from routing.domain.history import Happened
from routing.domain.rules import Route
from routing.domain.talks import Talk
from routing.handlers import documents as routing
from subsidies.domain.applications import Application
from subsidies.domain.applications import Status as ApplicationStatus
from subsidies.domain.decisions import Outcome as Decided
from subsidies.handlers import documents as subsidies

SEED = Path(__file__).parents[1] / "deploy" / "seed"
SECRET = b"s" * 32
LATEST, OPEN = 1_000, 400
# The latest reports came in half a year, the older ones before them at the same pace.
APART = timedelta(days=180) / LATEST
OPERATOR, COLLEAGUE = "ada-esempio", "persona-altra"
# Two of the latest reports have a word that no other one has.
SELDOM = "Il lucernario sopra l'ascensore fermo perde acqua"
TEXTS = (
    "L'ascensore della scala B è fermo da due giorni e mia madre non può scendere",
    "Nel cortile ci sono rifiuti abbandonati vicino ai bidoni",
    "Il citofono non funziona, si sente solo un fruscio",
    "Piove nelle scale dal tetto rotto",
    "Chiedo un aiuto per pagare la bolletta del gas di gennaio",
    "La luce dell'androne resta accesa anche di giorno",
    "Il vicino tiene la musica alta di notte",
    "La caldaia non parte e i termosifoni sono freddi",
)
Row = tuple[str, Raw]


@dataclass(frozen=True)
class One:
    """One report of the agency: its number, counted from the latest, and what all services know of it."""

    number: int
    id: str
    at: datetime
    category: Category
    place: Place
    status: Status
    text: str

    @property
    def is_open(self) -> bool:
        """Whether somebody works on it."""
        return self.status is Status.IN_CHARGE

    @property
    def ended_at(self) -> datetime:
        """When it was closed or withdrawn."""
        return self.at + timedelta(days=1 + self.number % 40) / 4

    @property
    def name(self) -> str:
        """Who reported it: everybody reports ten times in five years."""
        return f"Persona Inventata{self.number % 997}"


class Agency:
    """The reports of an agency at this moment.

    In a `full` one the latest thousand are as many withdrawn ones, with the same words and at the same place, as a list of
    a hundred thousand looks at: a page is compared with one that shows as much.
    """

    def __init__(self, now: datetime, full: bool = False) -> None:
        categories, self._tree = read_registers(SEED / "intake")
        self.now, self.full = now, full
        self._categories = [one for one in categories.offered if not one.diversion]
        self._places = [one for one in self._tree.places if one.kind in (PlaceKind.BUILDING, PlaceKind.STAIR)]

    def one(self, number: int) -> One:
        """The report with this number, the same however many there are."""
        rng = random.Random(number)
        at = self.now - timedelta(hours=1) - APART * number
        at = at.replace(microsecond=at.microsecond // 1000 * 1000)
        ended = Status.CLOSED if rng.random() < 0.9 else Status.WITHDRAWN
        if self.full:
            ended = Status.WITHDRAWN if number < OPEN + 550 else Status.CLOSED
        status = Status.IN_CHARGE if number < LATEST and number % LATEST < OPEN else ended
        milliseconds = int(at.timestamp() * 1000)
        bits = (milliseconds << 80) | (7 << 76) | (2 << 62) | number
        category, place = rng.choice(self._categories), rng.choice(self._places)
        if self.full and number and number % 5 == 0:
            place = self.one(0).place
        return One(number, str(UUID(int=bits)), at, category, place, status, self._text(number))

    def _text(self, number: int) -> str:
        """What was written; the words that are searched are in every eighth report, or in 500 of a full thousand."""
        if number in (7, 507):
            return SELDOM
        written = TEXTS[(number + number // 8) % 8]
        return TEXTS[0] if self.full and OPEN <= number < OPEN + 450 else written

    def rows(self, service: str, numbers: Sequence[int]) -> Mapping[str, Sequence[Raw]]:
        """The documents of these reports in the database of a service, by collection."""
        found: dict[str, list[Raw]] = {}
        for number in numbers:
            for name, row in _ROWS[service](self.one(number)):
                found.setdefault(name, []).append(row)
        return found


def stored(collection: Collection[Any], document: Any) -> Row:
    """A document as the service stores it."""
    row = {
        "_id": collection.key(document),
        "version": 1,
        "schema": collection.schema,
        "state": collection.dump(document),
    }
    return collection.name, row


CODES, _SEALER = TrackingCodes(SECRET), Sealer(SECRET)
_WORDS, _LOOKUP = WordIndex(SECRET), BlindIndex(SECRET)
_HASHED = {text: _WORDS.of(text) for text in (*TEXTS, SELDOM)}


def of_intake(one: One) -> Iterator[Row]:
    """What intake stores: the report with its contents, its reading, and for some a public text, photos, a talk, an entry."""
    number, text = one.number, one.text
    yield stored(intake.REPORTS, _report(one))
    contact = Contact(one.name, f"persona{number % 997}@example.org", f"035555{number % 997:04}")
    fields = {"text": text, "frail": "0", "name": contact.name or "", "email": contact.email or ""}
    # The contents of older reports are read by no request here: what they weigh counts, not what they say.
    sealed = (
        _SEALER.seal(one.id, fields)
        if number < LATEST
        else intake.PrivatePart(one.id, bytes(60), {"text": bytes(120)})
    )
    hashes = _LOOKUP.of(contact) if number < LATEST else (f"{number % 9973:032x}",)
    yield stored(
        intake.PRIVATE,
        intake.PrivatePart(one.id, sealed.key, sealed.fields, hashes, _HASHED[text]),
    )
    at = one.at + timedelta(minutes=5)
    details = {"report_id": one.id, "roles": ["coordinator"], "part": "text"}
    yield (
        AUDIT,
        {
            "_id": derive(one.id, "read"), "at": at, "by": OPERATOR, "action": READ,
            "details": details, "scope": SCOPE,
        },
    )  # fmt: skip
    if one.category.is_public and number % 3 == 0:
        review = Review("published", COLLEAGUE, at)
        text_ = _SEALER.add(sealed, {"text": text}).fields if number < LATEST else {"text": bytes(120)}
        yield stored(intake.PUBLICATIONS, Publication(one.id, derive(one.id, "text"), text_, (review,)))
    if number % 4 == 0:
        yield stored(intake.PHOTOS, Photos(one.id, (_photo(one),)))
    if number % 5 == 0:
        entry = Entry(derive(one.id, "entry"), "information", "tenant", at, {"text": bytes(90)})
        yield stored(intake.ENTRIES, Entries(one.id, (entry,)))
    if number % 3 == 1:
        yield from _talk(one)
    if number % 20 == 0:
        yield stored(intake.WAITING, _waiting(one))


def _report(one: One) -> Report:
    history = [Step("in-charge", one.at + timedelta(seconds=2), "operator", one.at + timedelta(days=5))]
    if not one.is_open:
        history.append(Step(one.status.value, one.ended_at, code="solved"))
    return Report(
        report_id=one.id,
        tracking_code=CODES.code(one.id),
        pin_hash=CODES.pin_hash(one.id, CODES.pin(one.id)) if one.number < LATEST else "f" * 64,
        fingerprint=f"{one.number:064x}",
        category=one.category.code,
        urgency="n" if one.number % 5 else "u",
        place_id=one.place.id,
        channel=("web", "operator", "phone", "mail", "api", "import")[one.number % 6],
        language="it",
        heard_at=one.at,
        registered_at=one.at,
        updated_at=history[-1].at,
        status=one.status,
        route="operator",
        due_at=one.at + timedelta(days=5),
        outcome=None if one.is_open else "solved",
        sender_hash=f"{one.number:064x}",
        history=tuple(history),
        session_id=derive(one.id, "talk") if one.number % 3 == 1 else None,
        score=4 if one.status is Status.CLOSED and one.number % 7 == 0 else None,
    )


def _photo(one: One) -> Photo:
    sizes = tuple(Rendition(name, 320, 240, 20_000, 1) for name in ("small", "medium", "large"))
    reviewed = COLLEAGUE if one.number % 8 == 0 else None
    hash_, at = f"{one.number:064x}", one.at + timedelta(minutes=1)
    return Photo(
        hash_, derive(one.id, "photo"), bytes(60), sizes, at, "tenant", None, reviewed is not None, reviewed
    )


def _talk(one: One) -> Iterator[Row]:
    id_, who = derive(one.id, "talk"), OPERATOR if one.number % 2 else COLLEAGUE
    follow_up = FollowUp(derive(one.id, "visit"), one.at + timedelta(days=7), "home-visit", one.place.id)
    taken = (TakenReport(one.id, one.category.kind.value),)
    status = SessionStatus.OPEN if one.number < 6 else SessionStatus.ENDED
    ended_at = None if status is SessionStatus.OPEN else one.at + timedelta(minutes=20)
    yield stored(
        intake.SESSIONS,
        Session(
            id_,
            who,
            one.at,
            one.at,
            0,
            status,
            one.place.id,
            one.place.neighbourhood,
            "it",
            taken,
            (follow_up,),
            ended_at,
        ),
    )
    yield stored(
        intake.TALKS,
        _SEALER.seal(id_, {"household": "{}"})
        if one.number < LATEST
        else intake.PrivatePart(id_, bytes(60), {}),
    )


def _waiting(one: One) -> WaitingItem:
    settled: dict[str, Any] = {"state": WaitingState.SETTLED, "by": COLLEAGUE, "settled_at": one.ended_at}
    state = {} if one.number < LATEST else settled
    return WaitingItem(
        id=derive(one.id, "waiting"), source="mail", reasons=("place-missing",), fingerprint="f" * 64,
        captured_at=one.at, received_at=one.at, channel="mail", language="it", **state,
    )  # fmt: skip


def of_routing(one: One, people: Sequence[str]) -> Iterator[Row]:
    """What routing stores: the case, open or resolved, and the talk."""
    opened = one.at + timedelta(seconds=1)
    who = people[one.number % len(people)]
    history = [CaseEntry(Happened.OPENED, opened, route="operator", operator=who)]
    if not one.is_open:
        history.append(CaseEntry(Happened.RESOLVED, one.ended_at, code="solved"))
    yield stored(
        routing.CASES,
        Case(
            report_id=one.id, status=CaseStatus.OPEN if one.is_open else CaseStatus.RESOLVED,
            category=one.category.code, kind=one.category.kind.value, urgency="n",
            neighbourhood=one.place.neighbourhood, province=one.place.province, place_id=one.place.id,
            heard_at=one.at, opened_at=opened, contact_due_at=one.at + timedelta(days=1),
            due_at=one.at + timedelta(days=5), rule="r1", rules_version="v1", why="w",
            route=Route.OPERATOR, operator=who, outcome=None if one.is_open else Outcome.SOLVED,
            resolved_at=None if one.is_open else one.ended_at, history=tuple(history),
        ),
    )  # fmt: skip
    if one.number % 3 == 1:
        until = one.at + timedelta(minutes=20)
        yield stored(
            routing.TALKS,
            Talk(derive(one.id, "talk"), OPERATOR, one.place.neighbourhood, one.at, until, (one.id,)),
        )


def of_subsidies(one: One) -> Iterator[Row]:
    """What subsidies stores of a request for a contribution: its application, decided or waiting for data."""
    if one.number % 10:
        return
    decided: dict[str, Any] = {
        "status": ApplicationStatus.DECIDED, "outcome": Decided.GRANTED, "budget": "crs-2019-bg",
        "amount_cents": 50_000, "decided_at": one.ended_at, "decision_id": derive(one.id, "decision"),
    }  # fmt: skip
    state: dict[str, Any] = {"status": ApplicationStatus.AWAITING_DATA} if one.is_open else decided
    id_ = subsidies.application_of(one.id)
    yield stored(
        subsidies.APPLICATIONS,
        Application(
            application_id=id_, report_id=one.id, measure="crs-2019", opened_at=one.at, province="BG", **state
        ),
    )


def of_notify(one: One) -> Iterator[Row]:
    """What notify stores: two messages and their count."""
    for template, later in (("case-opened", 1), ("case-resolved", 2)):
        at = one.at + timedelta(minutes=later)
        id_ = derive(one.id, template)
        yield stored(
            notify.MESSAGES,
            Message(id_, one.id, template, "email", MessageStatus.SENT, at, at, language="it"),
        )
    yield stored(notify.THREADS, Thread(one.id, sent=2, route="operator", closed=not one.is_open))


_ROWS: dict[str, Callable[[One], Iterator[Row]]] = {
    "intake": of_intake,
    "routing": partial(of_routing, people=("operatore-1", "operatore-2")),
    "subsidies": of_subsidies,
    "notify": of_notify,
}
