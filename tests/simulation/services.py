"""Two small services: `front` accepts lines and publishes them, `back` copies them and publishes an echo."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from chassis.documents import Collection
from chassis.errors import Early, Refused
from chassis.handling import NOTHING, Change, Job, Moment, Reaction, Reactions, Timer, on, where
from contracts.intake import ReportRegistered
from contracts.notify import MessageSuppressed
from contracts.routing import CaseResolved

START = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
REPORTS, CASES, MESSAGES = "intake.reports", "routing.cases", "notify.messages"
FACTS = (REPORTS, CASES, MESSAGES)
POISON, HUGE = (
    "poison",
    "00bad000",
)  # key prefixes of records that nothing can decode, and of records that no store can keep


@dataclass(frozen=True)
class Page:
    """What front stores of a subject: its published lines, the rule that held for each, and the echoes of back."""

    report_id: str
    open: bool = False
    lines: tuple[str, ...] = ()
    echoes: tuple[str, ...] = ()
    rules: tuple[int, ...] = ()


@dataclass(frozen=True)
class Rule:
    """Reference data that every line is decided with."""

    name: str
    number: int


@dataclass(frozen=True)
class Note:
    """What back stores of a subject: the lines it received."""

    report_id: str
    lines: tuple[str, ...] = ()
    weight: int = 0


@dataclass(frozen=True)
class Lamp:
    """One of a pair of lamps of which at least one must stay on."""

    lamp_id: str
    on: bool = True


@dataclass(frozen=True)
class OpenPage:
    report_id: str


@dataclass(frozen=True)
class WriteLine:
    """Write a line; a timer writes a second one after `remind` seconds, a job a third one (`print`).

    `cancel` names a line whose timer is cancelled; `move` one whose timer is replaced by this line's.
    """

    report_id: str
    line: str
    remind: int = 0
    print: bool = False
    cancel: str = ""
    move: str = ""


@dataclass(frozen=True)
class Remind:
    report_id: str
    line: str


@dataclass(frozen=True)
class Print:
    report_id: str
    line: str


@dataclass(frozen=True)
class Printed:
    report_id: str
    line: str


@dataclass(frozen=True)
class ChangeRule:
    name: str


@dataclass(frozen=True)
class Light:
    lamps: tuple[str, ...]


@dataclass(frozen=True)
class SwitchOff:
    lamp_id: str
    other_id: str


PAGES = Collection("pages", Page, lambda page: page.report_id, publishes=(REPORTS, CASES))
NOTES = Collection("notes", Note, lambda note: note.report_id, publishes=(MESSAGES,))
RULES = Collection("rules", Rule, lambda rule: rule.name, reference=True)
RULE = "only"
LAMPS = Collection("lamps", Lamp, lambda lamp: lamp.lamp_id)

BROKEN: set[str] = set()  # the lines that a bad release of back fails on


def open_page(command: OpenPage, page: Page | None, moment: Moment) -> Change:
    if page is not None and page.open:
        raise Refused("open-already", "The page is open.")
    opened = replace(page or Page(command.report_id), open=True)
    event = ReportRegistered(
        report_id=command.report_id,
        category="lift",
        kind="technical",
        urgency="n",
        place_id="bg-monterosso-01",
        neighbourhood="monterosso",
        province="bergamo",
        channel="api",
        language="it",
        heard_at=moment.now,
    )
    return Change(write=[PAGES.put(opened)], events=[event], answer={"open": True})


def _write(report_id: str, line: str, page: Page | None, rule: Rule | None) -> Change:
    before = page or Page(report_id)
    number = 0 if rule is None else rule.number
    after = replace(before, lines=(*before.lines, line), rules=(*before.rules, number))
    event = CaseResolved(report_id=report_id, outcome=line)
    return Change(write=[PAGES.put(after)], events=[event], answer={"lines": len(after.lines)})


def change_rule(command: ChangeRule, rule: Rule | None, _: Moment) -> Change:
    return Change(write=[RULES.put(Rule(command.name, 1 + (0 if rule is None else rule.number)))])


def write_line(command: WriteLine, page: Page | None, rule: Rule | None, moment: Moment) -> Change:
    change = _write(command.report_id, command.line, page, rule)
    start, jobs = [], []
    if command.remind:
        due = moment.now + timedelta(seconds=command.remind)
        body = Remind(command.report_id, f"t-{command.line}")
        start.append(Timer(f"remind-{command.move or command.line}", due, body, command.report_id))
    if command.print:
        jobs.append(Job(moment.id("print"), Print(command.report_id, command.line), command.report_id))
    cancel = [f"remind-{command.cancel}"] if command.cancel else []
    return replace(change, timers=start, jobs=jobs, cancel=cancel)


def remind(timer: Remind, page: Page | None, rule: Rule | None, _: Moment) -> Change:
    return _write(timer.report_id, timer.line, page, rule)


def print_line(command: Printed, page: Page | None, rule: Rule | None, _: Moment) -> Change:
    return _write(command.report_id, f"p-{command.line}", page, rule)


def record_echo(event: MessageSuppressed, page: Page | None, _: Moment) -> Change:
    before = page or Page(event.report_id)
    return Change(write=[PAGES.put(replace(before, echoes=(*before.echoes, event.reason)))])


def switch_off(command: SwitchOff, lamp: Lamp | None, other: Lamp | None, _: Moment) -> Change:
    if lamp is not None and not lamp.on:
        return NOTHING
    if other is not None and not other.on:
        raise Refused("last-lamp", "The other one is off already.")
    return Change(write=[LAMPS.put(Lamp(command.lamp_id, on=False))])


def light(command: Light, *lamps_and_moment: Any) -> Change:
    there = {lamp.lamp_id for lamp in lamps_and_moment[:-1] if lamp is not None}
    return Change(write=[LAMPS.put(Lamp(name)) for name in command.lamps if name not in there])


def start_note(event: ReportRegistered, note: Note | None, _: Moment) -> Change:
    return NOTHING if note is not None else Change(write=[NOTES.put(Note(event.report_id))])


def is_copied(event: CaseResolved) -> bool:
    """Whether back copies a line: all but those of jobs."""
    return not event.outcome.startswith("p-")


def copy_line(event: CaseResolved, note: Note | None, moment: Moment) -> Change:
    if event.outcome in BROKEN:
        raise RuntimeError("a bug")
    if event.report_id.startswith(HUGE):
        return Change(write=[NOTES.put(Note(event.report_id, weight=2**70))])
    if note is None:
        raise Early("notes", event.report_id)
    echo = MessageSuppressed(
        report_id=event.report_id,
        message_id=moment.id("message"),
        template="echo",
        channel="email",
        reason=event.outcome,
    )
    return Change(write=[NOTES.put(Note(note.report_id, (*note.lines, event.outcome)))], events=[echo])


FRONT = Reactions(
    on(OpenPage, lambda c: (PAGES[c.report_id],), open_page),
    on(WriteLine, lambda c: (PAGES[c.report_id], RULES[RULE]), write_line),
    on(Remind, lambda t: (PAGES[t.report_id], RULES[RULE]), remind),
    on(Printed, lambda c: (PAGES[c.report_id], RULES[RULE]), print_line),
    on(ChangeRule, lambda c: (RULES[c.name],), change_rule),
    on(MessageSuppressed, lambda e: (PAGES[e.report_id],), record_echo),
    Reaction(Light, lambda c: [LAMPS[name] for name in c.lamps], light),
    on(SwitchOff, lambda c: (LAMPS[c.lamp_id], LAMPS[c.other_id]), switch_off),
)
BACK = Reactions(
    on(ReportRegistered, lambda e: (NOTES[e.report_id],), start_note),
    where(is_copied, on(CaseResolved, lambda e: (NOTES[e.report_id],), copy_line)),
)
SUBSCRIBES = {"front": (MESSAGES,), "back": (REPORTS, CASES)}


def is_poison(key: bytes | None) -> bool:
    """Whether every consumer must park a record with this key."""
    return (key or b"").startswith((POISON.encode(), HUGE.encode()))


def report_id(number: int) -> str:
    """The id of a subject."""
    return f"00000000-0000-7000-8000-{number:012d}"
