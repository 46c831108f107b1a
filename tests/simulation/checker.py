"""The checker: it looks at what is stored, what is on the topics and what people were told, and at nothing in between."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from tests.simulation.log import LogRecord
from tests.simulation.services import (
    CASES,
    LAMPS,
    MESSAGES,
    NOTES,
    PAGES,
    REPORTS,
    START,
    SUBSCRIBES,
    Lamp,
    Note,
    OpenPage,
    Page,
    TurnOff,
    WriteLine,
    is_poison,
)

from chassis.documents import Collection, Raw
from chassis.store.collections import AUDIT, PARKED, RUNS
from chassis.transaction.inputs import Result
from contracts.envelope import Envelope, Malformed, read_envelope, read_event
from contracts.topics import BY_TYPE

if TYPE_CHECKING:
    from tests.simulation.people import Wish
    from tests.simulation.world import World

STALLS = "ops.stalls"


def violations(world: "World") -> list[str]:
    """Everything that is wrong with a world that has become quiet."""
    pages: dict[str, Page] = _documents(world, "front", PAGES)
    notes: dict[str, Note] = _documents(world, "back", NOTES)
    lamps: dict[str, Lamp] = _documents(world, "front", LAMPS)
    return [
        *_answers(world.people.wishes),
        *_accepted(world.people.wishes, pages),
        *_effects_once(world.people.wishes, pages),
        *_copied(world, pages, notes),
        *_facts(world, pages, notes),
        *_lamps(world.people.wishes, lamps),
        *_poison(world),
        *_stalls(world),
        *_runs(world),
        *(line for store in world.stores.values() for line in store.misdeeds),
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
        for outcome in wish.meddled:
            if outcome.result is not Result.REFUSED:
                yield f"another body under the id of {wish.id} was answered {outcome.result}"


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
    asked = {wish.body.line: wish.body for wish in wishes if isinstance(wish.body, WriteLine)}
    for page in pages.values():
        for line, times in Counter(page.lines).items():
            if times > 1:
                yield f"{page.report_id}: {line} is there {times} times"
        for line in page.lines:
            if line in asked:
                if asked[line].print != (f"p-{line}" in page.lines):
                    yield f"{page.report_id}: the job of {line} was {'not ' if asked[line].print else ''}applied"
            elif line[2:] not in asked:
                yield f"{page.report_id}: nobody asked for {line}"
        yield from _timers(page, asked)


def _timers(page: Page, asked: dict[str, WriteLine]) -> Iterator[str]:
    """A timer fires unless its id was cancelled or used again before, and never after that."""
    running: dict[str, str] = {}  # whose each timer is
    fired = {line[2:]: place for place, line in enumerate(page.lines) if line.startswith("t-")}
    for place, line in enumerate(page.lines):
        body = asked.get(line)
        if body is not None and (body.remind or body.cancel):
            name = body.cancel or body.move or line
            before = running.pop(name, "")
            if fired.get(before, -1) > place:
                yield f"{page.report_id}: the timer of {before} fired after {line} took it away"
            running |= {name: line} if body.remind else {}
    yield from (
        f"{page.report_id}: the timer of {line} never fired" for line in running.values() if line not in fired
    )
    for line in fired:
        if line in asked and not asked[line].remind:
            yield f"{page.report_id}: {line} has no timer and it fired"


def _copied(world: "World", pages: dict[str, Page], notes: dict[str, Note]) -> Iterator[str]:
    # what was lost with a disk and is said again comes after what was said meanwhile
    ordered: Callable[[Sequence[str]], Sequence[str]] = sorted if world.log.gone else list
    for name in sorted(pages.keys() | notes.keys()):
        said = pages[name].lines if name in pages else ()
        heard = notes[name].lines if name in notes else ()
        echoes = pages[name].echoes if name in pages else ()
        if ordered(heard) != ordered(said):
            yield f"{name}: front said {said} and back heard {heard}"
        if ordered(echoes) != ordered(heard):
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
        yield from _said_again(world, topic, expected)


def _said_again(world: "World", topic: str, expected: dict[str, list[str]]) -> Iterator[str]:
    """After a loss everything is on the topic that was made anew."""
    there = {(envelope.subject, envelope.sequence) for envelope in map(_envelope, world.log.records(topic))}
    for name, facts in expected.items():
        for number in range(1, len(facts) + 1):
            if (name, number) not in there:
                yield f"{topic}/{name}: {number} of {len(facts)} is not there any more"


def _envelope(record: LogRecord) -> Envelope:
    """The envelope of a fact; of what is none, one that belongs to nobody."""
    if is_poison(record.key):
        return Envelope("", "", "", "", START, 0, "")
    return read_envelope(record.headers)


def _fact(record: LogRecord, found: dict[str, list[str]], ids: dict[tuple[str, int], str]) -> Iterator[str]:
    envelope = _envelope(record)
    if envelope.type not in BY_TYPE:
        return
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
    """What nobody can handle is parked or was given up, each record once, and nothing else is.

    Until a process has noticed that a topic was made again it takes its records for those of the one before: what
    it parks then is parked again when all is read from the beginning. A copy of what was given up is known by its id.
    """
    for service, store in world.stores.items():
        discards = [row["details"].get("records", ()) for row in store.all(AUDIT)]
        kept = Counter(_place(row) for row in store.all(PARKED))
        kept.update(_place(row) for rows in discards for row in rows)
        given_up = {_place(row) for rows in discards for row in rows}
        now, ever = Counter[str](), Counter[str]()
        for topic in SUBSCRIBES[service]:
            lying = [record for record in world.log.records(topic) if is_poison(record.key)]
            known = {_fact_id(record) for record in lying if _place(_lies(record)) in given_up} - {None}
            now.update(_place(_lies(record)) for record in lying if _fact_id(record) not in known)
            ever.update(_place(_lies(record)) for record in _records(world, topic) if is_poison(record.key))
        for place in sorted(kept.keys() | ever.keys()):
            most = ever[place] * (1 if not world.log.gone else len(world.nodes) + 1)
            if not now[place] <= kept[place] <= most:
                yield f"{service}: {place} is parked or given up {kept[place]} times, poison {ever[place]} times"


def _runs(world: "World") -> Iterator[str]:
    """A run is written down before it begins and once when it ends, with what the document counts."""
    for service, store in world.stores.items():
        notes = [row["details"] for row in store.all(AUDIT) if "event" in row["details"]]
        for run in store.all(RUNS):
            said = sorted((note["event"], note["counts"]) for note in notes if note["run"] == run["_id"])
            if said != [("asked", {}), (run["state"], run["counts"])]:
                yield f"{service}: of run {run['_id']}, {run['state']} {run['counts']}, the audit says {said}"


def _fact_id(record: LogRecord) -> str | None:
    """The id of a fact whose envelope can be read, although nobody can keep it."""
    try:
        return read_envelope(record.headers).id
    except Malformed:
        return None


def _lies(record: LogRecord) -> Raw:
    """Where a record lies, as a row has it."""
    return {"topic": record.topic, "partition": record.partition, "offset": record.offset}


def _place(row: Raw) -> str:
    return f"{row['topic']}/{row['partition']}/{row['offset']}"


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
            place_text = _place(row).encode()
            mirrored = _records(world, f"{row['topic']}.dlq.{service}")
            if not any(("dlq_origin", place_text) in record.headers for record in mirrored):
                yield f"{service}: {place_text.decode()} is parked and not mirrored"


def _records(world: "World", topic: str) -> Iterator[LogRecord]:
    """What was ever on a topic, from its first making on."""
    for lost in world.log.gone:
        if lost.name == topic:
            yield from lost.records()
    yield from world.log.records(topic)
