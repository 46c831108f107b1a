"""A tiny service for testing the chassis: it keeps one page per report and says when it closes one."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from chassis.documents import Collection
from chassis.errors import Early, Refused, Unavailable
from chassis.handling import NOTHING, Change, Job, Moment, Reactions, Timer, ignore, on
from chassis.store.collections import COLLECTIONS, INDEXES
from chassis.store.memory import MemoryStore
from chassis.store.port import Store
from chassis.testing import memory_unit_of_work
from chassis.transaction.inputs import Input, Lineage, Source
from chassis.transaction.parked import Record
from chassis.transaction.unit_of_work import UnitOfWork
from contracts.envelope import Envelope
from contracts.intake import ReportAmended, ReportRegistered, ReportReopened, ReportWithdrawn
from contracts.routing import CaseEscalated, CaseHeld, CaseOpened, CaseResolved

NOW = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)


@dataclass(frozen=True)
class Page:
    report_id: str
    lines: tuple[str, ...] = ()


@dataclass(frozen=True)
class WriteLine:
    report_id: str
    line: str


@dataclass(frozen=True)
class Remind:
    report_id: str


@dataclass(frozen=True)
class Print:
    report_id: str


PAGES = Collection("pages", Page, lambda page: page.report_id, publishes=("routing.cases",))
REGISTERS = Collection("registers", Page, lambda page: page.report_id, reference=True)


def write_line(command: WriteLine, page: Page | None, moment: Moment) -> Change:
    if command.line == "refuse":
        raise Refused("no-such-line", "This line is not wanted.", field="line")
    if command.line == "bug":
        raise RuntimeError("a bug")
    written = Page(command.report_id, (*(page.lines if page else ()), command.line))
    said = [CaseResolved(report_id=command.report_id, outcome=command.line)]
    return Change(write=[PAGES.put(written)], events=said, answer={"lines": len(written.lines)})


def open_page(event: ReportRegistered, page: Page | None, moment: Moment) -> Change:
    if event.category == "bug":
        raise RuntimeError("a bug")
    if event.category == "refuse":
        raise Refused("no-such-line", "This line is not wanted.", field="category")
    if event.category == "away":
        raise Unavailable("the printer's owner")
    if event.category == "surrogate":
        return Change(write=[PAGES.put(Page(event.report_id, ("\ud800",)))])
    if event.category == "nothing":
        return NOTHING
    opened = Page(event.report_id, (*(page.lines if page else ()), event.category))
    due = moment.now + timedelta(hours=1)
    return Change(
        write=[PAGES.put(opened)],
        timers=[Timer(moment.id("remind"), due, Remind(event.report_id), event.report_id)],
        jobs=[Job(moment.id("print"), Print(event.report_id), event.report_id)],
    )


def need_page(event: CaseOpened, page: Page | None, moment: Moment) -> Change:
    if page is None:
        raise Early("pages", event.report_id)
    return Change(write=[PAGES.put(Page(page.report_id, (*page.lines, event.rule)))])


def remind(timer: Remind, page: Page | None, moment: Moment) -> Change:
    assert page is not None
    if "cursed" in page.lines:
        return Change(write=[PAGES.put(Page(page.report_id, ("\ud800",)))])
    reminded = Page(page.report_id, (*page.lines, f"reminded at {moment.now:%H:%M}"))
    return Change(write=[PAGES.put(reminded)])


REACTIONS = Reactions(
    on(WriteLine, lambda c: (PAGES[c.report_id],), write_line),
    on(ReportRegistered, lambda e: (PAGES[e.report_id],), open_page),
    on(CaseOpened, lambda e: (PAGES[e.report_id],), need_page),
    on(Remind, lambda t: (PAGES[t.report_id],), remind),
    ignore(ReportAmended, ReportReopened, ReportWithdrawn, CaseHeld, CaseEscalated, CaseResolved),
)


async def a_store() -> Store:
    store = MemoryStore()
    await store.ensure([*COLLECTIONS, "pages"], INDEXES)
    return store


def unit_of_work(crash: str = "") -> UnitOfWork:
    return memory_unit_of_work("ledger", REACTIONS, crash, slots=8)


def report_id(number: int) -> str:
    return f"00000000-0000-7000-8000-{number:012d}"


def registered(report: int, category: str = "lift") -> ReportRegistered:
    return ReportRegistered(
        report_id=report_id(report),
        category=category,
        kind="technical",
        urgency="n",
        place_id="bg-monterosso-01",
        neighbourhood="monterosso",
        province="bergamo",
        channel="api",
        language="it",
        heard_at=NOW,
    )


def opened(report: int, rule: str = "technical") -> CaseOpened:
    return CaseOpened(
        report_id=report_id(report),
        route="technical-office",
        operator=None,
        rule=rule,
        rules_version="1",
        urgency="n",
        neighbourhood="monterosso",
        contact_due_at=NOW,
        due_at=NOW,
    )


def record(event: ReportRegistered | CaseOpened, event_id: str, offset: int) -> Record:
    envelope = Envelope(
        event_id, event.type_tag, "/test", event.subject, NOW, 1, event.subject, accepted_time=NOW
    )
    return Record(event.topic, 0, offset, event.subject.encode(), event.body(), envelope.headers())


def command(report: int, line: str, command_id: str = "c1", fingerprint: str | None = None) -> Input:
    name = report_id(report)
    body, lineage = WriteLine(name, line), Lineage(name, NOW)
    return Input(command_id, body, NOW, name, lineage, fingerprint, source=Source.COMMAND)
