"""What an account is drawn from: plain data, and everything about one report beside each other."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Document = Mapping[str, Any]
Taken = tuple[int, ...]

TAKEN: Taken = (200, 201)
REPORTS, CASES = "intake.reports", "routing.cases"
APPLICATIONS, DECISIONS = "subsidies.applications", "subsidies.decisions"
BUDGETS, LEDGER = "subsidies.budgets", "subsidies.ledger"
MESSAGES = "notify.messages"


@dataclass(frozen=True)
class Asked:
    """One line of the client's log: what was asked, what was to come back, what came; times in seconds since 1970."""

    step: str
    report_id: str
    expect: str
    status: int
    slug: str = ""
    sent_at: float = 0.0
    answered_at: float = 0.0
    answer: Mapping[str, Any] = field(default_factory=dict)
    about: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Fact:
    """One record on a topic; `raw` is every byte of it."""

    topic: str
    partition: int
    offset: int
    key: str
    id: str
    type: str
    source: str
    subject: str
    sequence: int
    time: float
    body: Mapping[str, Any]
    raw: bytes = b""

    @property
    def report_id(self) -> str:
        """The report it belongs to, empty when it is about none."""
        return str(self.body.get("report_id", ""))


@dataclass(frozen=True)
class Posted:
    """One mail in the mailbox, and when it was stored."""

    message_id: str
    report_id: str
    template: str
    at: float = 0.0


@dataclass(frozen=True)
class Leftover:
    """Something that should be finished and is not, or that nobody could understand."""

    what: str
    report_id: str = ""


@dataclass
class World:
    """Everything the account looks at; `traces` says where a refused id was found, `acknowledged` when a fact was on its topic."""

    asked: Sequence[Asked]
    documents: Mapping[str, Sequence[Document]]
    facts: Sequence[Fact] = ()
    mails: Sequence[Posted] = ()
    leftovers: Sequence[Leftover] = ()
    traces: Sequence[tuple[str, str]] = ()
    acknowledged: Mapping[str, float] = field(default_factory=dict)


@dataclass
class Life:
    """One accepted report and everything that became of it; `facts` are the first occurrences, in their topics' order."""

    report_id: str
    asked: Asked
    steps: list[Asked] = field(default_factory=list)
    documents: dict[str, list[Document]] = field(default_factory=dict)
    facts: list[Fact] = field(default_factory=list)
    mails: list[Posted] = field(default_factory=list)
    copies: int = 0

    @property
    def is_contribution(self) -> bool:
        """Whether money was asked for."""
        return self.asked.about.get("kind") == "contribution"

    @property
    def reachable(self) -> bool:
        """Whether an address was given."""
        return bool(self.asked.about.get("email"))

    def step(self, name: str) -> Asked | None:
        """What the client did to the report, if it did and was told yes."""
        return next((one for one in self.steps if one.step == name and one.status in TAKEN), None)

    def states(self, collection: str) -> list[Mapping[str, Any]]:
        """The states of its documents in one collection."""
        return [one["state"] for one in self.documents.get(collection, ())]

    def only(self, collection: str) -> Mapping[str, Any]:
        """The state of its one document in a collection, empty when there is none."""
        return next(iter(self.states(collection)), {})

    def said(self, *types: str) -> list[Fact]:
        """Its facts of these types."""
        return [fact for fact in self.facts if fact.type in types]

    @property
    def ended(self) -> bool:
        """Whether it was withdrawn or resolved."""
        return self.step("withdrawal") is not None or self.step("resolution") is not None


def gather(world: World) -> dict[str, Life]:
    """The lives of the accepted reports, by id."""
    lives = {
        one.report_id: Life(one.report_id, one)
        for one in world.asked
        if one.step == "report" and one.status in TAKEN
    }
    for one in world.asked:
        if one.step not in ("report", "flawed") and one.report_id in lives:
            lives[one.report_id].steps.append(one)
    for collection, documents in world.documents.items():
        _sort_documents(lives, collection, documents, world)
    _sort_facts(lives, world.facts)
    for mail in world.mails:
        if mail.report_id in lives:
            lives[mail.report_id].mails.append(mail)
    return lives


def _sort_documents(
    lives: Mapping[str, Life], collection: str, documents: Iterable[Document], world: World
) -> None:
    applications = {one["_id"]: one["state"]["report_id"] for one in world.documents.get(APPLICATIONS, ())}
    for one in documents:
        state = one["state"]
        owner = str(state.get("report_id") or applications.get(state.get("application_id")))
        if owner in lives:
            lives[owner].documents.setdefault(collection, []).append(one)


def _sort_facts(lives: Mapping[str, Life], facts: Iterable[Fact]) -> None:
    seen: set[tuple[str, str]] = set()
    for fact in sorted(facts, key=lambda one: (one.topic, one.partition, one.offset)):
        life = lives.get(fact.report_id)
        if life is None:
            continue
        if (fact.topic, fact.id) in seen:
            life.copies += 1
        else:
            seen.add((fact.topic, fact.id))
            life.facts.append(fact)
