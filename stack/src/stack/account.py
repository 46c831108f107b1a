"""The independent account of a scenario: it compares the client's log, the databases, the topics and the mailbox."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from stack.account_checks import ENDS, find_violations
from stack.account_latencies import Stage, stages_of
from stack.account_world import (
    BUDGETS,
    CASES,
    DECISIONS,
    LEDGER,
    MESSAGES,
    PHOTOS,
    SESSIONS,
    SUCCESS,
    WAITING,
    Document,
    LoggedRequest,
    Observations,
    ReportHistory,
    collect_histories,
)

LEAST_ACCEPTED = 300
LEAST_DECISIONS = 40
PERSONAL = ("name", "email", "phone", "description")


class Violation(NamedTuple):
    """One violation of the guarantees; `report_id` is empty when it concerns no single report."""

    report_id: str
    text: str


@dataclass
class Account:
    """The counts of a scenario, and every violation."""

    accepted: int
    again: int
    refused: Counter[str]
    cases: Counter[tuple[str, str]]
    decisions: Counter[str]
    granted_cents: int
    messages: Counter[tuple[str, str]]
    mails: int
    copies: int
    joined: int
    offline: int
    completed: int
    talks: int
    photos: int
    budgets: list[Mapping[str, Any]]
    stages: list[Stage]
    violations: list[Violation] = field(default_factory=list)

    @property
    def unaccounted(self) -> int:
        """The number of reports with a violation."""
        return len({violation.report_id for violation in self.violations} - {""})

    @property
    def last_line(self) -> str:
        """The account in one line; CI and documentation quote its form."""
        return (
            f"demo: {self.accepted} accepted, {self.refused.total()} refused, {self.cases.total()} cases, "
            f"{self.decisions.total()} decisions, {self.mails} messages, {self.offline} from offline phones, "
            f"{self.unaccounted} unaccounted"
        )


def build_account(world: Observations) -> Account:
    """Builds the account: counts everything and checks all sources against each other."""
    histories = collect_histories(world)
    account = _count(world, histories.values())
    for history in histories.values():
        account.violations += [Violation(history.report_id, text) for text in find_violations(history)]
    for check in (_answers, _talks, _leftovers, _traces, _privacy):
        account.violations += check(world)
    account.violations += [Violation("", text) for text in find_budget_violations(world)]
    account.violations += [Violation("", text) for text in _shortfalls(account, histories.values())]
    return account


def unfinished(world: Observations) -> int:
    """The number of reports that are not in their final state, plus outstanding events, jobs, timers and parked records."""
    waiting = sum(1 for history in collect_histories(world).values() if find_violations(history, ENDS))
    return waiting + len(world.leftovers)


def _answers(world: Observations) -> Iterator[Violation]:
    for one in world.requests:
        if one.step == "report" and one.status not in SUCCESS:
            yield Violation(one.report_id, f"it was to be accepted and was answered {one.status} {one.slug}")
        if one.step == "flawed" and one.slug != one.expect:
            defect = one.about.get("defect", "a defect")
            yield Violation(
                one.report_id,
                f"it has {defect}, was to be refused as {one.expect}, and was answered {one.status} {one.slug}",
            )
    firsts = Counter(one.report_id for one in world.requests if one.step == "report")
    yield from (Violation(name, f"the client sent it first {n} times") for name, n in firsts.items() if n > 1)


def _talks(world: Observations) -> Iterator[Violation]:
    """A talk ended once, with its reports, in its document and on its topic."""
    sessions = {one["_id"]: one["state"] for one in world.documents.get(SESSIONS, ())}
    for one in (one for one in world.requests if one.step == "talk"):
        wanted = ("ended", sorted(one.about["reports"]))
        state = sessions.get(one.report_id, {})
        kept = (state.get("status"), sorted(row["report_id"] for row in state.get("reports", ())))
        if one.status not in SUCCESS or kept != wanted:
            yield Violation(one.report_id, f"the talk was answered {one.status} and is stored as {kept}")
        held = {
            fact.id: fact
            for fact in world.facts
            if fact.type == "session-held.v1" and fact.body["session_id"] == one.report_id
        }
        told = [sorted(fact.body["report_ids"]) for fact in held.values()]
        if told != [wanted[1]]:
            yield Violation(one.report_id, f"the topic says {told} about a talk with the reports {wanted[1]}")


def _leftovers(world: Observations) -> Iterator[Violation]:
    yield from (Violation(one.report_id, f"left over: {one.what}") for one in world.leftovers)


def _traces(world: Observations) -> Iterator[Violation]:
    for report_id, where in world.traces:
        yield Violation(report_id, f"it was refused and left something behind in {where}")


def _privacy(world: Observations) -> Iterator[Violation]:
    blob = b"\0".join(fact.raw for fact in world.facts)
    for one in world.requests:
        for name in PERSONAL:
            value = str(one.about.get(name) or "")
            if value and any(form in blob for form in _written(value)):
                topics = sorted(
                    {fact.topic for fact in world.facts for form in _written(value) if form in fact.raw}
                )
                yield Violation(one.report_id, f"personal datum: its {name} is on {', '.join(topics)}")


def _written(value: str) -> set[bytes]:
    return {value.encode(), json.dumps(value)[1:-1].encode()}


def find_budget_violations(world: Observations) -> Iterator[str]:
    """Every budget whose parts do not add up, or differ from decisions and ledger."""
    decisions, entries = _decisions_in_force(world), world.documents.get(LEDGER, ())
    given, moved = _by_budget(decisions, "amount_cents"), _by_budget(entries, "cents")
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
    yield from _repeated(DECISIONS, decisions)
    yield from _repeated(LEDGER, entries)


def _repeated(collection: str, rows: Iterable[Document]) -> Iterator[str]:
    """The applications that occur more than once; a release takes back one reservation."""
    owners: Counter[str] = Counter()
    for state in (one["state"] for one in rows):
        owners[state["application_id"]] += -1 if state.get("op") == "release" else 1
    yield from (f"{collection}: application {name} is there {n} times" for name, n in owners.items() if n > 1)


def _decisions_in_force(world: Observations) -> list[Document]:
    """The decisions that no later one annuls."""
    rows = world.documents.get(DECISIONS, ())
    annulments = (one["state"].get("annulment") for one in rows)
    annulled = {one["decision_id"] for one in annulments if one}
    return [one for one in rows if one["_id"] not in annulled]


def _by_budget(rows: Iterable[Document], amount: str) -> Counter[str]:
    total: Counter[str] = Counter()
    for one in rows:
        total[one["state"]["budget"]] += one["state"][amount]
    return total


def _shortfalls(account: Account, histories: Iterable[ReportHistory]) -> Iterator[str]:
    if account.accepted < LEAST_ACCEPTED:
        yield f"{account.accepted} reports were accepted and {LEAST_ACCEPTED} is the least"
    if account.decisions.total() < LEAST_DECISIONS:
        yield f"{account.decisions.total()} decisions were taken and {LEAST_DECISIONS} is the least"
    silent = sum(1 for history in histories if history.states(CASES) and not history.states(MESSAGES))
    if silent or account.mails < account.cases.total():
        yield f"{account.mails} messages for {account.cases.total()} cases, {silent} cases without any"


def _count(world: Observations, histories: Iterable[ReportHistory]) -> Account:
    histories = list(histories)
    cases = [state for history in histories for state in history.states(CASES)]
    decisions = [state for history in histories for state in history.states(DECISIONS)]
    messages = [state for history in histories for state in history.states(MESSAGES)]
    known = {str(state["message_id"]) for state in messages}
    return Account(
        accepted=len(histories),
        again=sum(1 for one in world.requests if one.step == "again"),
        refused=Counter(one.slug for one in world.requests if _was_refused(one)),
        cases=Counter((_route(state), str(state.get("operator") or "")) for state in cases),
        decisions=Counter(str(state["outcome"]) for state in decisions),
        granted_cents=sum(int(state["amount_cents"]) for state in decisions),
        messages=Counter((str(state["template"]), str(state["status"])) for state in messages),
        mails=len({mail.message_id for mail in world.mails} & known),
        joined=sum(1 for history in histories if history.main),
        offline=sum(1 for history in histories if history.late is not None),
        completed=sum(1 for history in histories if history.states(WAITING)),
        talks=len(world.documents.get(SESSIONS, ())),
        photos=sum(len(state["photos"]) for history in histories for state in history.states(PHOTOS)),
        copies=sum(history.copies for history in histories),
        budgets=[one["state"] for one in _sorted(world.documents.get(BUDGETS, ()))],
        stages=stages_of(world, histories),
    )


def _was_refused(one: LoggedRequest) -> bool:
    return one.step in ("flawed", "reused", "report") and one.status not in SUCCESS


def _route(state: Mapping[str, Any]) -> str:
    return str(state.get("route") or "held")


def _sorted(documents: Iterable[Document]) -> list[Document]:
    return sorted(documents, key=lambda one: str(one["_id"]))
