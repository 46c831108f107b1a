"""The audit of a round: the clients' log against databases, topics and mailbox; violations are lost, doubled or out of order."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from bench.faults.audit_topics import topic_violations
from bench.faults.environment import Environment
from bench.faults.poison import Poison, poison_violations
from stack.account import find_budget_violations
from stack.account_checks import find_violations
from stack.account_sources import Sources, read_mailbox, read_topics
from stack.account_world import (
    APPLICATIONS,
    SUCCESS,
    LoggedRequest,
    Observations,
    ReportHistory,
    collect_histories,
)

LOST, DOUBLED, DISORDERED, MAIL_COPY = "lost", "doubled", "out of order", "mail copy"
PERSONAL = re.compile(rb"@example\.org|Testo inventato|\+39 035")
# The first pattern that matches decides the kind; a violation that matches none counts as lost.
KINDS: Sequence[tuple[str, re.Pattern[str]]] = (
    (MAIL_COPY, re.compile(r"^doubled mail")),
    (
        DOUBLED,
        re.compile(
            r"^doubled|that nothing asked for|^ghost|parked ([2-9]|\d\d+) times|which notify does not know"
        ),
    ),
    (DISORDERED, re.compile(r"^hole in the sequence|more than one partition")),
)
_COUNTED = re.compile(r"^(\d+) (?:documents|messages) .*instead of (\d+)")


@dataclass
class Verdict:
    """What the audit of a round found; `texts` is a sample of the violations, `mail_copies` counts mails beyond one per message."""

    reports: int = 0
    refused: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    texts: list[str] = field(default_factory=list)
    messages: int = 0
    mails: int = 0
    mail_copies: int = 0
    facts: int = 0
    fact_copies: int = 0
    parked: int = 0

    def add(self, kind: str, text: str) -> None:
        """Count a violation; of mail copies, which can be many, only some texts are kept."""
        self.kinds[kind] += 1
        if len(self.texts) < 50 or kind != MAIL_COPY:
            self.texts = [*self.texts[-200:], f"{kind}: {text}"]

    @property
    def red(self) -> bool:
        """Whether there is a violation other than mail copies."""
        return any(self.kinds[kind] for kind in (LOST, DOUBLED, DISORDERED))


@dataclass(frozen=True)
class Period:
    """The scope of an audit: the clients' log, start time, start offsets and injected poison records."""

    asked: Sequence[LoggedRequest]
    since: float
    start_offsets: Mapping[tuple[str, int], int]
    poisons: Sequence[Poison] = ()
    mail_was_hit: bool = True


def read_world(environment: Environment, period: Period) -> Observations:
    """Read everything that the audit compares."""
    sources = Sources(
        environment.mongod.admin,
        environment.kafka.admin,
        environment.mails,
        period.since,
        period.start_offsets,
    )
    world = sources.read_stores(period.asked)
    subjects = subjects_of(world)
    world.facts, _ = read_topics(environment.kafka.admin, subjects, period.since, period.start_offsets)
    world.mails = list(read_mailbox(environment.mails, period.since))
    world.leftovers = [one for one in world.leftovers if one.report_id in subjects]
    return world


def subjects_of(world: Observations) -> set[str]:
    """The subjects of these reports' facts: the reports and their applications."""
    reports = {one.report_id for one in world.requests if one.step == "report" and one.status in SUCCESS}
    return reports | {str(one["_id"]) for one in world.documents[APPLICATIONS]}


def audit(environment: Environment, period: Period) -> Verdict:
    """Audit a period."""
    world = read_world(environment, period)
    histories, verdict = collect_histories(world), Verdict()
    for kind, text in _violations(environment, period, world, histories.values()):
        if kind == MAIL_COPY:
            kind = MAIL_COPY if period.mail_was_hit else DOUBLED  # noqa: PLW2901 - nothing excuses it
        verdict.add(kind, text)
    _count(verdict, world, histories, period)
    return verdict


def _violations(
    environment: Environment, period: Period, world: Observations, histories: Iterable[ReportHistory]
) -> Iterator[tuple[str, str]]:
    for history in histories:
        yield from ((kind_of(text), f"{history.report_id}: {text}") for text in find_violations(history))
    yield from ((kind_of(text), text) for text in find_budget_violations(world))
    yield from ((LOST, f"{one.report_id}: left over: {one.what}") for one in world.leftovers)
    yield from ((LOST, f"{one.report_id}: {text}") for one, text in _server_errors(period.asked))
    yield from ((LOST, f"personal data on {fact.topic}") for fact in world.facts if PERSONAL.search(fact.raw))
    with environment.client() as client:
        texts = topic_violations(client, world.facts, subjects_of(world), period.since)
        yield from ((kind_of(text), text) for text in texts)
        yield from ((kind_of(text), text) for text in poison_violations(client, period.poisons))


def kind_of(text: str) -> str:
    """Whether a violation is a loss, a duplicate or a disorder."""
    counted = _COUNTED.match(text)
    if counted:
        return DOUBLED if int(counted[1]) > int(counted[2]) else LOST
    return next((kind for kind, pattern in KINDS if pattern.search(text)), LOST)


def _server_errors(asked: Iterable[LoggedRequest]) -> Iterator[tuple[LoggedRequest, str]]:
    """A client may go unanswered for its whole patience, but must not get a server error other than 503."""
    for one in asked:
        if one.step == "report" and one.status >= 500 and one.status != 503:
            yield one, f"answered {one.status}"


def _count(
    verdict: Verdict, world: Observations, histories: Mapping[str, ReportHistory], period: Period
) -> None:
    mails = Counter(mail.message_id for history in histories.values() for mail in history.mails)
    verdict.reports = len(histories)
    verdict.refused = sum(1 for one in world.requests if one.step == "report" and one.status not in SUCCESS)
    verdict.messages = sum(len(history.states("notify.messages")) for history in histories.values())
    verdict.mails = len(mails)
    verdict.mail_copies = mails.total() - len(mails)
    verdict.facts = sum(len(history.facts) for history in histories.values())
    verdict.fact_copies = sum(history.copies for history in histories.values())
    verdict.parked = len(period.poisons)
