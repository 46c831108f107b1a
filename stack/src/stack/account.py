"""The independent account of a day: drawn from the client's log, the databases, the topics and the mailbox alone."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from stack.account_checks import CASE, DECISION, ENDS, lies
from stack.account_world import (
    BUDGETS,
    CASES,
    DECISIONS,
    LEDGER,
    MESSAGES,
    TAKEN,
    Asked,
    Document,
    Fact,
    Life,
    World,
    gather,
)

LEAST_ACCEPTED = 300
LEAST_DECISIONS = 40
PERSONAL = ("name", "email", "phone", "description")


class Violation(NamedTuple):
    """Something that is not so; `report_id` is empty when it is about no one report."""

    report_id: str
    text: str


@dataclass(frozen=True)
class Stage:
    """How long one part of the way took, in seconds."""

    name: str
    p50: float
    p99: float
    most: float
    count: int


@dataclass
class Account:
    """What happened, counted, and everything that is wrong with it."""

    accepted: int
    again: int
    refused: Counter[str]
    cases: Counter[tuple[str, str]]
    decisions: Counter[str]
    granted_cents: int
    messages: Counter[tuple[str, str]]
    mails: int
    copies: int
    budgets: list[Mapping[str, Any]]
    stages: list[Stage]
    violations: list[Violation] = field(default_factory=list)

    @property
    def unaccounted(self) -> int:
        """How many reports cannot be accounted for."""
        return len({violation.report_id for violation in self.violations} - {""})

    @property
    def last_line(self) -> str:
        """The whole account in one line."""
        return (
            f"demo: {self.accepted} accepted, {self.refused.total()} refused, {self.cases.total()} cases, "
            f"{self.decisions.total()} decisions, {self.mails} messages, {self.unaccounted} unaccounted"
        )


def draw(world: World) -> Account:
    """Hold everything against everything else; whatever is wrong is named with its report."""
    lives = gather(world)
    account = _count(world, lives.values())
    for life in lives.values():
        account.violations += [Violation(life.report_id, text) for text in lies(life)]
    for check in (_answers, _leftovers, _traces, _privacy):
        account.violations += check(world)
    account.violations += [Violation("", text) for text in budget_lies(world)]
    account.violations += [Violation("", text) for text in _shortfalls(account, lives.values())]
    return account


def unfinished(world: World) -> int:
    """How many reports have not come to their end yet, plus what is still under way."""
    waiting = sum(1 for life in gather(world).values() if lies(life, ENDS))
    return waiting + len(world.leftovers)


def _answers(world: World) -> Iterator[Violation]:
    for one in world.asked:
        if one.step == "report" and one.status not in TAKEN:
            yield Violation(one.report_id, f"it was to be accepted and was answered {one.status} {one.slug}")
        if one.step == "flawed" and one.slug != one.expect:
            flaw = one.about.get("flaw", "a flaw")
            yield Violation(
                one.report_id,
                f"it has {flaw}, was to be refused as {one.expect}, and was answered {one.status} {one.slug}",
            )
    firsts = Counter(one.report_id for one in world.asked if one.step == "report")
    yield from (Violation(name, f"the client sent it first {n} times") for name, n in firsts.items() if n > 1)


def _leftovers(world: World) -> Iterator[Violation]:
    yield from (Violation(one.report_id, f"left over: {one.what}") for one in world.leftovers)


def _traces(world: World) -> Iterator[Violation]:
    for report_id, where in world.traces:
        yield Violation(report_id, f"it was refused and left something behind in {where}")


def _privacy(world: World) -> Iterator[Violation]:
    blob = b"\0".join(fact.raw for fact in world.facts)
    for one in world.asked:
        for name in PERSONAL:
            value = str(one.about.get(name) or "")
            if value and any(form in blob for form in _written(value)):
                topics = sorted(
                    {fact.topic for fact in world.facts for form in _written(value) if form in fact.raw}
                )
                yield Violation(one.report_id, f"personal datum: its {name} is on {', '.join(topics)}")


def _written(value: str) -> set[bytes]:
    return {value.encode(), json.dumps(value)[1:-1].encode()}


def budget_lies(world: World) -> Iterator[str]:
    """Every budget whose parts do not add up, or say other than decisions and ledger do."""
    given, moved = _by_budget(world, DECISIONS, "amount_cents"), _by_budget(world, LEDGER, "cents")
    for state in (one["state"] for one in world.documents.get(BUDGETS, ())):
        code = state["code"]
        parts = [state[f"{part}_cents"] for part in ("available", "reserved", "committed", "paid")]
        if min(parts) < 0:
            yield f"budget {code}: something is negative in {parts}"
        if sum(parts) != state["allocated_cents"]:
            yield f"budget {code}: {parts} add up to {sum(parts)} and {state['allocated_cents']} is allocated"
        for source, total in (("decisions grant", given[code]), ("the ledger moved", moved[code])):
            if total != state["reserved_cents"]:
                yield f"budget {code}: {state['reserved_cents']} cents are reserved and {source} {total}"
    for collection in (DECISIONS, LEDGER):
        owners = Counter(one["state"]["application_id"] for one in world.documents.get(collection, ()))
        yield from (
            f"{collection}: application {name} is there {n} times" for name, n in owners.items() if n > 1
        )


def _by_budget(world: World, collection: str, amount: str) -> Counter[str]:
    total: Counter[str] = Counter()
    for one in world.documents.get(collection, ()):
        total[one["state"]["budget"]] += one["state"][amount]
    return total


def _shortfalls(account: Account, lives: Iterable[Life]) -> Iterator[str]:
    if account.accepted < LEAST_ACCEPTED:
        yield f"{account.accepted} reports were accepted and {LEAST_ACCEPTED} is the least"
    if account.decisions.total() < LEAST_DECISIONS:
        yield f"{account.decisions.total()} decisions were taken and {LEAST_DECISIONS} is the least"
    silent = sum(1 for life in lives if life.states(CASES) and not life.states(MESSAGES))
    if silent or account.mails < account.cases.total():
        yield f"{account.mails} messages for {account.cases.total()} cases, {silent} cases without any"


def _count(world: World, lives: Iterable[Life]) -> Account:
    lives = list(lives)
    cases = [state for life in lives for state in life.states(CASES)]
    decisions = [state for life in lives for state in life.states(DECISIONS)]
    messages = [state for life in lives for state in life.states(MESSAGES)]
    known = {str(state["message_id"]) for state in messages}
    return Account(
        accepted=len(lives),
        again=sum(1 for one in world.asked if one.step == "again"),
        refused=Counter(one.slug for one in world.asked if _was_refused(one)),
        cases=Counter((_route(state), str(state.get("operator") or "")) for state in cases),
        decisions=Counter(str(state["outcome"]) for state in decisions),
        granted_cents=sum(int(state["amount_cents"]) for state in decisions),
        messages=Counter((str(state["template"]), str(state["status"])) for state in messages),
        mails=len({mail.message_id for mail in world.mails} & known),
        copies=sum(life.copies for life in lives),
        budgets=[one["state"] for one in _sorted(world.documents.get(BUDGETS, ()))],
        stages=_stages(world, lives),
    )


def _was_refused(one: Asked) -> bool:
    return one.step in ("flawed", "reused", "report") and one.status not in TAKEN


def _route(state: Mapping[str, Any]) -> str:
    return str(state.get("route") or "held")


def _sorted(documents: Iterable[Document]) -> list[Document]:
    return sorted(documents, key=lambda one: str(one["_id"]))


def _stages(world: World, lives: Sequence[Life]) -> list[Stage]:
    """The stages by what outsiders saw: the client, the broker's yes to each fact, and the mailbox; slowest first."""
    posted = {mail.message_id: mail.at for mail in world.mails}
    said_at = world.acknowledged
    took: dict[str, list[float]] = {
        "answer to a report": [life.asked.answered_at - life.asked.sent_at for life in lives],
        "accepted → case on its topic": _between(lives, ("report-registered.v1",), CASE, said_at),
        "data entered → decision on its topic": _between(
            lives, ("application-submitted.v1",), DECISION, said_at
        ),
        "accepted → first mail in the mailbox": [
            min(posted[mail.message_id] for mail in life.mails) - life.said("report-registered.v1")[0].time
            for life in lives
            if life.mails and life.said("report-registered.v1")
        ],
        "case on its topic → mail in the mailbox": [
            mail.at - said_at[fact.id]
            for life in lives
            for fact in life.said(*CASE)
            for mail in life.mails
            if fact.id in said_at and mail.template == fact.type.removesuffix(".v1")
        ],
    }
    return sorted((_stage(name, times) for name, times in took.items() if times), key=lambda one: -one.p99)


def _between(
    lives: Iterable[Life], first: tuple[str, ...], last: tuple[str, ...], said_at: Mapping[str, float]
) -> list[float]:
    pairs: list[tuple[Fact, Fact]] = [
        (a, b) for life in lives for a in life.said(*first)[:1] for b in life.said(*last)[:1]
    ]
    return [said_at[b.id] - a.time for a, b in pairs if b.id in said_at]


def _stage(name: str, times: Iterable[float]) -> Stage:
    found = sorted(max(0.0, time) for time in times)
    return Stage(
        name,
        found[len(found) // 2],
        found[min(len(found) - 1, len(found) * 99 // 100)],
        found[-1],
        len(found),
    )
