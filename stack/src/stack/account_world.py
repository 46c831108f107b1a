"""The data of an account: what was observed, and the history of each report."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Document = Mapping[str, Any]
Taken = tuple[int, ...]

SUCCESS: Taken = (200, 201)
REPORTS, CASES = "intake.reports", "routing.cases"
PHOTOS, SESSIONS = "intake.photos", "intake.listening_sessions"
WAITING = "intake.waiting"
APPLICATIONS, DECISIONS = "subsidies.applications", "subsidies.decisions"
BUDGETS, LEDGER = "subsidies.budgets", "subsidies.ledger"
MESSAGES = "notify.messages"


@dataclass(frozen=True)
class LoggedRequest:
    """One line of the client's log: a request, the expected and the actual answer; times in seconds since 1970."""

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
class EventRecord:
    """One event on a topic; `raw` holds key, value and headers."""

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
        """The id of its report; empty when it concerns none."""
        return str(self.body.get("report_id", ""))


@dataclass(frozen=True)
class ReceivedMail:
    """One mail in the mailbox, and the time at which it was stored."""

    message_id: str
    report_id: str
    template: str
    at: float = 0.0


@dataclass(frozen=True)
class Leftover:
    """Outstanding work, or a record that cannot be decoded."""

    what: str
    report_id: str = ""


@dataclass
class Observations:
    """Everything that the account reads; `traces` lists where the id of a refused report was found, `acknowledged` holds
    the time of each event's acknowledgement by event id."""

    requests: Sequence[LoggedRequest]
    documents: Mapping[str, Sequence[Document]]
    facts: Sequence[EventRecord] = ()
    mails: Sequence[ReceivedMail] = ()
    leftovers: Sequence[Leftover] = ()
    traces: Sequence[tuple[str, str]] = ()
    acknowledged: Mapping[str, float] = field(default_factory=dict)


@dataclass
class ReportHistory:
    """One accepted report with its requests, documents, events and mails; `facts` excludes copies and is in topic order.

    `main` is the report that it joins.
    """

    report_id: str
    request: LoggedRequest
    steps: list[LoggedRequest] = field(default_factory=list)
    documents: dict[str, list[Document]] = field(default_factory=dict)
    facts: list[EventRecord] = field(default_factory=list)
    mails: list[ReceivedMail] = field(default_factory=list)
    copies: int = 0
    main: "ReportHistory | None" = None

    @property
    def is_contribution(self) -> bool:
        """Whether it is an application for a contribution."""
        return self.request.about.get("kind") == "contribution"

    @property
    def reachable(self) -> bool:
        """Whether it has an e-mail address."""
        return bool(self.request.about.get("email"))

    @property
    def late(self) -> float | None:
        """How many seconds before it was first sent a phone without a network took it down; None for other reports."""
        return self.request.about.get("late")

    def step(self, name: str) -> LoggedRequest | None:
        """The successful request of this step, or None."""
        return next((one for one in self.steps if one.step == name and one.status in SUCCESS), None)

    def states(self, collection: str) -> list[Mapping[str, Any]]:
        """The states of its documents in a collection."""
        return [one["state"] for one in self.documents.get(collection, ())]

    def only(self, collection: str) -> Mapping[str, Any]:
        """The state of its only document in a collection; empty when there is none."""
        return next(iter(self.states(collection)), {})

    def events(self, *types: str) -> list[EventRecord]:
        """Its events of these types."""
        return [fact for fact in self.facts if fact.type in types]

    @property
    def ended(self) -> bool:
        """Whether it was withdrawn or resolved."""
        return self.step("withdrawal") is not None or self.resolved

    @property
    def resolved(self) -> bool:
        """Whether its case was resolved, or that of the report that it joins."""
        return self.step("resolution") is not None or (self.main is not None and self.main.resolved)


def collect_histories(world: Observations) -> dict[str, ReportHistory]:
    """The histories of all accepted reports, by report id."""
    histories = {
        one.report_id: ReportHistory(one.report_id, one)
        for one in world.requests
        if one.step == "report" and one.status in SUCCESS
    }
    for history in histories.values():
        history.main = histories.get(str(history.request.about.get("joins")))
    for one in world.requests:
        if one.step not in ("report", "flawed") and one.report_id in histories:
            histories[one.report_id].steps.append(one)
    for collection, documents in world.documents.items():
        _sort_documents(histories, collection, documents, world)
    _sort_facts(histories, world.facts)
    for mail in world.mails:
        if mail.report_id in histories:
            histories[mail.report_id].mails.append(mail)
    return histories


def _sort_documents(
    histories: Mapping[str, ReportHistory],
    collection: str,
    documents: Iterable[Document],
    world: Observations,
) -> None:
    applications = {one["_id"]: one["state"]["report_id"] for one in world.documents.get(APPLICATIONS, ())}
    for one in documents:
        state = one["state"]
        named = one["_id"] if collection == WAITING else state.get("report_id")
        owner = str(named or applications.get(state.get("application_id")))
        if owner in histories:
            histories[owner].documents.setdefault(collection, []).append(one)


def _sort_facts(histories: Mapping[str, ReportHistory], facts: Iterable[EventRecord]) -> None:
    seen: set[tuple[str, str]] = set()
    for fact in sorted(facts, key=lambda one: (one.topic, one.partition, one.offset)):
        history = histories.get(fact.report_id)
        if history is None:
            continue
        if (fact.topic, fact.id) in seen:
            history.copies += 1
        else:
            seen.add((fact.topic, fact.id))
            history.facts.append(fact)
