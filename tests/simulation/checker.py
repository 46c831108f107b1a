"""The checker: compares stored documents, topics and answers to clients at the end, and looks at nothing in between."""

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
    SwitchOff,
    WriteLine,
    is_poison,
)

from chassis.documents import Collection, Raw
from chassis.store.collections import AUDIT, PARKED, RUNS
from chassis.transaction.inputs import Result
from contracts.envelope import Envelope, Malformed, read_envelope, read_event
from contracts.topics import BY_TYPE

if TYPE_CHECKING:
    from tests.simulation.clients import Operation
    from tests.simulation.world import World

STALLS = "ops.stalls"


def violations(world: "World") -> list[str]:
    """Every violation in a world that has become quiet."""
    pages: dict[str, Page] = _documents(world, "front", PAGES)
    notes: dict[str, Note] = _documents(world, "back", NOTES)
    lamps: dict[str, Lamp] = _documents(world, "front", LAMPS)
    return [
        *_answers(world.clients.operations),
        *_accepted(world.clients.operations, pages),
        *_effects_once(world.clients.operations, pages),
        *_rules(pages),
        *_copied(world, pages, notes),
        *_facts(world, pages, notes),
        *_lamps(world.clients.operations, lamps),
        *_poison(world),
        *_stalls(world),
        *_runs(world),
        *(line for store in world.stores.values() for line in store.violations),
    ]


def _documents(world: "World", service: str, collection: Collection[Any]) -> dict[str, Any]:
    rows = world.stores[service].all(collection.name)
    return {row["_id"]: collection.load(row["state"]) for row in rows if row["state"] is not None}


def _answers(operations: Sequence["Operation"]) -> Iterator[str]:
    for operation in operations:
        answers = operation.answers()
        if any(answer != answers[0] for answer in answers):
            yield f"{operation.id} was answered {answers}"
        if operation.accepted and operation.refused:
            yield f"{operation.id} was accepted and refused"
        for outcome in operation.tampered:
            if outcome.result is not Result.REFUSED:
                yield f"another body under the id of {operation.id} was answered {outcome.result}"


def _accepted(operations: Sequence["Operation"], pages: dict[str, Page]) -> Iterator[str]:
    for operation in operations:
        if not operation.accepted:
            continue
        page = pages.get(operation.key)
        if isinstance(operation.body, OpenPage) and (page is None or not page.open):
            yield f"{operation.id} was accepted and {operation.key} is not open"
        if isinstance(operation.body, WriteLine) and (page is None or operation.body.line not in page.lines):
            yield f"{operation.id} was accepted and {operation.body.line} is lost"


def _effects_once(operations: Sequence["Operation"], pages: dict[str, Page]) -> Iterator[str]:
    commands = {
        operation.body.line: operation.body
        for operation in operations
        if isinstance(operation.body, WriteLine)
    }
    for page in pages.values():
        for line, times in Counter(page.lines).items():
            if times > 1:
                yield f"{page.report_id}: {line} is stored {times} times"
        for line in page.lines:
            if line in commands:
                if commands[line].print != (f"p-{line}" in page.lines):
                    yield f"{page.report_id}: the job of {line} was {'not ' if commands[line].print else ''}applied"
            elif line[2:] not in commands:
                yield f"{page.report_id}: {line} was never requested"
        yield from _timers(page, commands)


def _rules(pages: dict[str, Page]) -> Iterator[str]:
    """A line is never decided with an earlier rule than the line before it."""
    for page in pages.values():
        if list(page.rules) != sorted(page.rules):
            yield f"{page.report_id}: its lines were decided with the rules {page.rules}"


def _timers(page: Page, commands: dict[str, WriteLine]) -> Iterator[str]:
    """A timer fires unless it was cancelled or replaced before, and never after that."""
    running: dict[str, str] = {}  # the line that owns each timer
    fired = {line[2:]: place for place, line in enumerate(page.lines) if line.startswith("t-")}
    for place, line in enumerate(page.lines):
        body = commands.get(line)
        if body is not None and (body.remind or body.cancel):
            name = body.cancel or body.move or line
            before = running.pop(name, "")
            if fired.get(before, -1) > place:
                yield f"{page.report_id}: the timer of {before} fired after {line} cancelled or replaced it"
            running |= {name: line} if body.remind else {}
    yield from (
        f"{page.report_id}: the timer of {line} never fired" for line in running.values() if line not in fired
    )
    for line in fired:
        if line in commands and not commands[line].remind:
            yield f"{page.report_id}: {line} has no timer, but one fired"


def _copied(world: "World", pages: dict[str, Page], notes: dict[str, Note]) -> Iterator[str]:
    # facts republished after a lost disk follow those published meanwhile
    ordered: Callable[[Sequence[str]], Sequence[str]] = sorted if world.log.gone else list
    for name in sorted(pages.keys() | notes.keys()):
        lines = pages[name].lines if name in pages else ()
        published = tuple(line for line in lines if not line.startswith("p-"))
        received = notes[name].lines if name in notes else ()
        echoes = pages[name].echoes if name in pages else ()
        if ordered(received) != ordered(published):
            yield f"{name}: front published {published} and back received {received}"
        if ordered(echoes) != ordered(received):
            yield f"{name}: back published {received} and front received {echoes}"


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
                yield f"{topic}/{name}: committed {expected.get(name)}, on the topic {found.get(name)}"
        yield from _republished(world, topic, expected)


def _republished(world: "World", topic: str, expected: dict[str, list[str]]) -> Iterator[str]:
    """After a lost disk every fact is on the recreated topic."""
    there = {(envelope.subject, envelope.sequence) for envelope in map(_envelope, world.log.records(topic))}
    for name, facts in expected.items():
        for number in range(1, len(facts) + 1):
            if (name, number) not in there:
                yield f"{topic}/{name}: {number} of {len(facts)} is missing after the lost disk"


def _envelope(record: LogRecord) -> Envelope:
    """The envelope of a record; an empty one for poison."""
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
        yield f"{place}: {event.subject} {envelope.sequence} has another id than before"
    if envelope.sequence == len(known) + 1:
        known.append(
            getattr(event, {REPORTS: "category", CASES: "outcome", MESSAGES: "reason"}[record.topic])
        )


def _lamps(operations: Sequence["Operation"], lamps: dict[str, Lamp]) -> Iterator[str]:
    for lamp in lamps.values():
        other = next(
            w.body.other_id for w in operations if isinstance(w.body, SwitchOff) and w.key == lamp.lamp_id
        )
        if not lamp.on and other in lamps and not lamps[other].on:
            yield f"{lamp.lamp_id} and {other} are both off"


def _poison(world: "World") -> Iterator[str]:
    """Poison is parked or discarded exactly once per record, and nothing else is.

    Until a process notices that a topic was recreated, it takes its records for those of the former topic: what it parks
    then is parked again when the topic is read from the beginning. A copy of a discarded record is recognised by its id.
    """
    for service, store in world.stores.items():
        discards = [row["details"].get("records", ()) for row in store.all(AUDIT)]
        kept = Counter(_place(row) for row in store.all(PARKED))
        kept.update(_place(row) for rows in discards for row in rows)
        given_up = {_place(row) for rows in discards for row in rows}
        now, ever = Counter[str](), Counter[str]()
        for topic in SUBSCRIBES[service]:
            lying = [record for record in world.log.records(topic) if is_poison(record.key)]
            known = {_fact_id(record) for record in lying if _place(_coordinates(record)) in given_up} - {
                None
            }
            now.update(_place(_coordinates(record)) for record in lying if _fact_id(record) not in known)
            ever.update(
                _place(_coordinates(record)) for record in _records(world, topic) if is_poison(record.key)
            )
        for place in sorted(kept.keys() | ever.keys()):
            most = ever[place] * (1 if not world.log.gone else len(world.nodes) + 1)
            if not now[place] <= kept[place] <= most:
                yield f"{service}: {place} is parked or discarded {kept[place]} times, published as poison {ever[place]} times"


def _runs(world: "World") -> Iterator[str]:
    """The audit has one row for the start of a run and one for its end, with the counts of the run's document."""
    for service, store in world.stores.items():
        notes = [row["details"] for row in store.all(AUDIT) if "event" in row["details"]]
        for run in store.all(RUNS):
            published = sorted((note["event"], note["counts"]) for note in notes if note["run"] == run["_id"])
            if published != [("asked", {}), (run["state"], run["counts"])]:
                yield f"{service}: run {run['_id']} is {run['state']} {run['counts']}, its audit rows are {published}"


def _fact_id(record: LogRecord) -> str | None:
    """The id of a record whose envelope can be read although its body cannot be stored."""
    try:
        return read_envelope(record.headers).id
    except Malformed:
        return None


def _coordinates(record: LogRecord) -> Raw:
    """The coordinates of a record in the form of a parked row."""
    return {"topic": record.topic, "partition": record.partition, "offset": record.offset}


def _place(row: Raw) -> str:
    return f"{row['topic']}/{row['partition']}/{row['offset']}"


def _stalls(world: "World") -> Iterator[str]:
    """Facts about stalled keys are in sequence, and every parked record has its copy on the DLQ topic."""
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
    """Every record that was ever on a topic, in all its incarnations."""
    for lost in world.log.gone:
        if lost.name == topic:
            yield from lost.records()
    yield from world.log.records(topic)
