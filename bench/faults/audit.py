"""The account of a round: the client's log against databases, topics and mailbox, counted as lost, doubled and out of order."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from bench.faults.audit_topics import topic_lies
from bench.faults.poison import Poison, poison_lies
from bench.faults.stand import Stand
from stack.account import budget_lies
from stack.account_checks import lies
from stack.account_sources import Sources, read_mailbox, read_topics
from stack.account_world import APPLICATIONS, TAKEN, Asked, Life, World, gather

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

    asked: Sequence[Asked]
    since: float
    marks: Mapping[tuple[str, int], int]
    poisons: Sequence[Poison] = ()
    mail_was_hit: bool = True


def read_world(stand: Stand, period: Period) -> World:
    """Everything that the account looks at."""
    sources = Sources(stand.mongod.admin, stand.kafka.admin, stand.mails, period.since, period.marks)
    world = sources.read_stores(period.asked)
    subjects = subjects_of(world)
    world.facts, _ = read_topics(stand.kafka.admin, subjects, period.since, period.marks)
    world.mails = list(read_mailbox(stand.mails, period.since))
    world.leftovers = [one for one in world.leftovers if one.report_id in subjects]
    return world


def subjects_of(world: World) -> set[str]:
    """What the facts of these reports are about: the reports and their applications."""
    reports = {one.report_id for one in world.asked if one.step == "report" and one.status in TAKEN}
    return reports | {str(one["_id"]) for one in world.documents[APPLICATIONS]}


def audit(stand: Stand, period: Period) -> Verdict:
    """Draws the account."""
    world = read_world(stand, period)
    lives, verdict = gather(world), Verdict()
    for kind, text in _every_lie(stand, period, world, lives.values()):
        if kind == MAIL_COPY:
            kind = MAIL_COPY if period.mail_was_hit else DOUBLED  # noqa: PLW2901 - nothing excuses it
        verdict.add(kind, text)
    _count(verdict, world, lives, period)
    return verdict


def _every_lie(
    stand: Stand, period: Period, world: World, lives: Iterable[Life]
) -> Iterator[tuple[str, str]]:
    for life in lives:
        yield from ((kind_of(text), f"{life.report_id}: {text}") for text in lies(life))
    yield from ((kind_of(text), text) for text in budget_lies(world))
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


def _unanswered(asked: Iterable[Asked]) -> Iterator[tuple[Asked, str]]:
    """A client may be told no answer at all for its whole patience; but never a mistake of ours."""
    for one in asked:
        if one.step == "report" and one.status >= 500 and one.status != 503:
            yield one, f"answered {one.status}"


def _count(verdict: Verdict, world: World, lives: Mapping[str, Life], period: Period) -> None:
    mails = Counter(mail.message_id for life in lives.values() for mail in life.mails)
    verdict.reports = len(lives)
    verdict.refused = sum(1 for one in world.asked if one.step == "report" and one.status not in TAKEN)
    verdict.messages = sum(len(life.states("notify.messages")) for life in lives.values())
    verdict.mails = len(mails)
    verdict.mail_copies = mails.total() - len(mails)
    verdict.facts = sum(len(life.facts) for life in lives.values())
    verdict.fact_copies = sum(life.copies for life in lives.values())
    verdict.parked = len(period.poisons)
