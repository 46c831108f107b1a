"""The account of a round: the client's log against databases, topics and mailbox, counted as lost, doubled and out of order."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from bench.faults.audit_topics import topic_lies
from bench.faults.poison import Poison, poison_lies
from bench.faults.stand import Stand
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
# The first that fits says what kind of lie a text is; whatever fits none is counted as lost.
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
    """What the account of a round found; `texts` are some of the lies, `mail_copies` mails beyond one per message."""

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
        """One more thing that is wrong; of copies of mails, of which there may be many, only some are told."""
        self.kinds[kind] += 1
        if len(self.texts) < 50 or kind != MAIL_COPY:
            self.texts = [*self.texts[-200:], f"{kind}: {text}"]

    @property
    def red(self) -> bool:
        """Whether anything is wrong."""
        return any(self.kinds[kind] for kind in (LOST, DOUBLED, DISORDERED))


@dataclass(frozen=True)
class Period:
    """What an account is about: the client's log, since when, from which offsets, and what was poisoned."""

    asked: Sequence[LoggedRequest]
    since: float
    marks: Mapping[tuple[str, int], int]
    poisons: Sequence[Poison] = ()
    mail_was_hit: bool = True


def read_world(stand: Stand, period: Period) -> Observations:
    """Everything that the account looks at."""
    sources = Sources(stand.mongod.admin, stand.kafka.admin, stand.mails, period.since, period.marks)
    world = sources.read_stores(period.asked)
    subjects = subjects_of(world)
    world.facts, _ = read_topics(stand.kafka.admin, subjects, period.since, period.marks)
    world.mails = list(read_mailbox(stand.mails, period.since))
    world.leftovers = [one for one in world.leftovers if one.report_id in subjects]
    return world


def subjects_of(world: Observations) -> set[str]:
    """What the facts of these reports are about: the reports and their applications."""
    reports = {one.report_id for one in world.requests if one.step == "report" and one.status in SUCCESS}
    return reports | {str(one["_id"]) for one in world.documents[APPLICATIONS]}


def audit(stand: Stand, period: Period) -> Verdict:
    """Draws the account."""
    world = read_world(stand, period)
    histories, verdict = collect_histories(world), Verdict()
    for kind, text in _every_lie(stand, period, world, histories.values()):
        if kind == MAIL_COPY:
            kind = MAIL_COPY if period.mail_was_hit else DOUBLED  # noqa: PLW2901 - nothing excuses it
        verdict.add(kind, text)
    _count(verdict, world, histories, period)
    return verdict


def _every_lie(
    stand: Stand, period: Period, world: Observations, histories: Iterable[ReportHistory]
) -> Iterator[tuple[str, str]]:
    for history in histories:
        yield from ((kind_of(text), f"{history.report_id}: {text}") for text in find_violations(history))
    yield from ((kind_of(text), text) for text in find_budget_violations(world))
    yield from ((LOST, f"{one.report_id}: left over: {one.what}") for one in world.leftovers)
    yield from ((LOST, f"{one.report_id}: {text}") for one, text in _unanswered(period.asked))
    yield from ((LOST, f"personal data on {fact.topic}") for fact in world.facts if PERSONAL.search(fact.raw))
    with stand.client() as client:
        texts = topic_lies(client, world.facts, subjects_of(world), period.since)
        yield from ((kind_of(text), text) for text in texts)
        yield from ((kind_of(text), text) for text in poison_lies(client, period.poisons))


def kind_of(text: str) -> str:
    """Whether a lie is a loss, a double or a disorder."""
    counted = _COUNTED.match(text)
    if counted:
        return DOUBLED if int(counted[1]) > int(counted[2]) else LOST
    return next((kind for kind, pattern in KINDS if pattern.search(text)), LOST)


def _unanswered(asked: Iterable[LoggedRequest]) -> Iterator[tuple[LoggedRequest, str]]:
    """A client may be told no answer at all for its whole patience; but never a mistake of ours."""
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
