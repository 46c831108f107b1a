"""The checker: it looks at what is stored, what is on the topics and what people were told, and at nothing in between."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from tests.simulation.log import LogRecord
from tests.simulation.services import (
    CASES,
    LAMPS,
    MESSAGES,
    NOTES,
    PAGES,
    REPORTS,
    Lamp,
    Note,
    OpenPage,
    Page,
    TurnOff,
    WriteLine,
)

from chassis.documents import Collection
from chassis.parking import PARKED
from contracts.envelope import read_envelope, read_event

if TYPE_CHECKING:
    from tests.simulation.people import Wish
    from tests.simulation.world import World

STALLS = "ops.stalls"
SPEAKERS = {REPORTS: "front", CASES: "front", MESSAGES: "back"}


def violations(world: "World") -> list[str]:
    """Everything that is wrong with a world that has become quiet."""
    pages: dict[str, Page] = _documents(world, "front", PAGES)
    notes: dict[str, Note] = _documents(world, "back", NOTES)
    lamps: dict[str, Lamp] = _documents(world, "front", LAMPS)
    return [
        *_answers(world.people.wishes),
        *_accepted(world.people.wishes, pages),
        *_effects_once(world.people.wishes, pages),
        *_copied(pages, notes),
        *_facts(world, pages, notes),
        *_lamps(world.people.wishes, lamps),
        *_poison(world),
        *_stalls(world),
    ]


def _documents(world: "World", service: str, collection: Collection[Any]) -> dict[str, Any]:
    rows = world.stores[service].all(collection.name)
    return {row["_id"]: collection.load(row["state"]) for row in rows if row["state"] is not None}


def _answers(wishes: Sequence["Wish"]) -> Iterator[str]:
    for wish in wishes:
        answers = wish.answers()
        if any(answer != answers[0] for answer in answers):
            yield f"{wish.id} was answered {answers}"
        if wish.accepted and wish.refused:
            yield f"{wish.id} was accepted and refused"


def _accepted(wishes: Sequence["Wish"], pages: dict[str, Page]) -> Iterator[str]:
    for wish in wishes:
        if not wish.accepted:
            continue
        page = pages.get(wish.key)
        if isinstance(wish.body, OpenPage) and (page is None or not page.open):
            yield f"{wish.id} was accepted and {wish.key} is not open"
        if isinstance(wish.body, WriteLine) and (page is None or wish.body.line not in page.lines):
            yield f"{wish.id} was accepted and {wish.body.line} is lost"


def _effects_once(wishes: Sequence["Wish"], pages: dict[str, Page]) -> Iterator[str]:
    asked = {wish.body.line: wish for wish in wishes if isinstance(wish.body, WriteLine)}
    cancelled_by = {wish.body.cancel: line for line, wish in asked.items() if wish.body.cancel}
    for page in pages.values():
        for line, times in Counter(page.lines).items():
            if times > 1:
                yield f"{page.report_id}: {line} is there {times} times"
        for line in page.lines:
            if line in asked:
                yield from _consequences(page, asked[line].body, cancelled_by.get(line))
            elif line[2:] not in asked:
                yield f"{page.report_id}: nobody asked for {line}"


def _consequences(page: Page, asked: WriteLine, cancelled_by: str | None) -> Iterator[str]:
    lines, line = page.lines, asked.line
    if asked.print != (f"p-{line}" in lines):
        yield f"{page.report_id}: the job of {line} was {'not ' if asked.print else ''}applied"
    reminder = f"t-{line}"
    cancelled = cancelled_by in lines and lines.index(cancelled_by) > lines.index(line)
    if not asked.remind and reminder in lines:
        yield f"{page.report_id}: {line} has no timer and it fired"
    if asked.remind and not cancelled and reminder not in lines:
        yield f"{page.report_id}: the timer of {line} never fired"
    if cancelled and reminder in lines and lines.index(reminder) > lines.index(cancelled_by):
        yield f"{page.report_id}: the timer of {line} fired after {cancelled_by} cancelled it"


def _copied(pages: dict[str, Page], notes: dict[str, Note]) -> Iterator[str]:
    for name in sorted(pages.keys() | notes.keys()):
        said = pages[name].lines if name in pages else ()
        heard = notes[name].lines if name in notes else ()
        echoes = pages[name].echoes if name in pages else ()
        if heard != said:
            yield f"{name}: front said {said} and back heard {heard}"
        if echoes != heard:
            yield f"{name}: back said {heard} and front heard {echoes}"


def _facts(world: "World", pages: dict[str, Page], notes: dict[str, Note]) -> Iterator[str]:
    truth = {
        REPORTS: {name: ["lift"] if page.open else [] for name, page in pages.items()},
        CASES: {name: list(page.lines) for name, page in pages.items()},
        MESSAGES: {name: list(note.lines) for name, note in notes.items()},
    }
    for topic, expected in truth.items():
        found: dict[str, list[str]] = {}
        ids: dict[tuple[str, int], str] = {}
        for record in _records(world, topic):
            yield from _fact(record, found, ids)
        for name in sorted(expected.keys() | found.keys()):
            if expected.get(name, []) != found.get(name, []):
                yield f"{topic}/{name}: true is {expected.get(name)}, on the topic is {found.get(name)}"


def _fact(record: LogRecord, found: dict[str, list[str]], ids: dict[tuple[str, int], str]) -> Iterator[str]:
    if record.key is None or record.key.startswith(b"poison"):
        return
    envelope = read_envelope(record.headers)
    event: Any = read_event(envelope.type, record.value)
    known = found.setdefault(event.subject, [])
    place = f"{record.topic}/{record.partition}/{record.offset}"
    if envelope.sequence > len(known) + 1:
        yield f"{place}: {event.subject} {envelope.sequence} comes before {len(known) + 1}"
    if ids.setdefault((event.subject, envelope.sequence), envelope.id) != envelope.id:
        yield f"{place}: {event.subject} {envelope.sequence} is another fact than before"
    if envelope.sequence == len(known) + 1:
        known.append(
            getattr(event, {REPORTS: "category", CASES: "outcome", MESSAGES: "reason"}[record.topic])
        )


def _lamps(wishes: Sequence["Wish"], lamps: dict[str, Lamp]) -> Iterator[str]:
    for lamp in lamps.values():
        other = next(w.body.other_id for w in wishes if isinstance(w.body, TurnOff) and w.key == lamp.lamp_id)
        if not lamp.on and other in lamps and not lamps[other].on:
            yield f"{lamp.lamp_id} and {other} are both off"


def _poison(world: "World") -> Iterator[str]:
    for service, store in world.stores.items():
        parked = Counter((row["topic"], row["partition"], row["offset"]) for row in store.all(PARKED))
        for place, times in parked.items():
            if times > 1:
                yield f"{service}: {place} is parked {times} times"
        for topic, speaker in SPEAKERS.items():
            if speaker == service:
                continue
            for record in _records(world, topic):
                place = (topic, record.partition, record.offset)
                if (record.key or b"").startswith(b"poison") != (place in parked):
                    yield f"{service}: {place} is {'' if place in parked else 'not '}parked"


def _stalls(world: "World") -> Iterator[str]:
    """What consumers say of stopped keys is in order, and every record nobody can read has its copy."""
    last: dict[tuple[str, str], int] = {}
    for record in _records(world, STALLS):
        envelope = read_envelope(record.headers)
        place = (envelope.source, envelope.subject)
        if envelope.sequence > last.get(place, 0) + 1:
            yield f"{STALLS}: {place} {envelope.sequence} comes before {last.get(place, 0) + 1}"
        last[place] = max(last.get(place, 0), envelope.sequence)
    for service, store in world.stores.items():
        for row in store.all(PARKED):
            place_text = f"{row['topic']}/{row['partition']}/{row['offset']}".encode()
            mirrored = _records(world, f"{row['topic']}.dlq.{service}")
            if not any(("dlq_origin", place_text) in record.headers for record in mirrored):
                yield f"{service}: {place_text.decode()} is parked and not mirrored"


def _records(world: "World", topic: str) -> Iterator[LogRecord]:
    found = world.log.topics.get(topic)
    return (row for rows in found.partitions for row in rows) if found else iter(())
