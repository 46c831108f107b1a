"""Documents change their form between builds: an older form is brought up when it is read, a newer one is kept whole."""

from dataclasses import dataclass
from typing import Any

import pytest
from tests.chassis.ledger import NOW, report_id

from chassis.documents import Collection, TrackedDocument
from chassis.errors import Unavailable
from chassis.handling import Change, Moment, Reactions, on
from chassis.store.collections import COLLECTIONS, INDEXES
from chassis.store.memory import MemoryStore
from chassis.store.port import Store
from chassis.testing import memory_unit_of_work
from chassis.transaction.inputs import Input, Lineage, Result


@dataclass(frozen=True)
class Note:
    note_id: str
    lines: tuple[str, ...] = ()


@dataclass(frozen=True)
class SignedNote:
    note_id: str
    signed: str
    lines: tuple[str, ...] = ()


@dataclass(frozen=True)
class StrictNote:
    note_id: str
    lines: tuple[str, ...]


@dataclass(frozen=True)
class LongNote:
    note_id: str
    signed: str
    words: tuple[str, ...] = ()


@dataclass(frozen=True)
class Add:
    note_id: str
    line: str


def sign(state: dict[str, Any]) -> dict[str, Any]:
    return state | {"signed": "nobody"}


def rename(state: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in state.items() if name != "lines"} | {"words": state["lines"]}


FIRST = Collection("notes", Note, lambda note: note.note_id)
SECOND = Collection("notes", SignedNote, lambda note: note.note_id, upcasters=(sign,))
STRICT = Collection("notes", StrictNote, lambda note: note.note_id, upcasters=(sign,))
THIRD = Collection("notes", LongNote, lambda note: note.note_id, upcasters=(sign, rename))
NAME = report_id(1)


def add_first(command: Add, note: Note | None, _: Moment) -> Change:
    return Change(write=[FIRST.put(Note(NAME, (*(note.lines if note else ()), command.line)))])


def add_second(command: Add, note: SignedNote | None, _: Moment) -> Change:
    lines = (*(note.lines if note else ()), command.line)
    return Change(write=[SECOND.put(SignedNote(NAME, note.signed if note else "second", lines))])


OLD = Reactions(on(Add, lambda _: (FIRST[NAME],), add_first))
NEW = Reactions(on(Add, lambda _: (SECOND[NAME],), add_second))


async def add(store: Store, reactions: Reactions, line: str) -> Result:
    unit_of_work = memory_unit_of_work("notes", reactions)
    item = Input(line, Add(NAME, line), NOW, NAME, Lineage(NAME))
    return (await unit_of_work.run(await store.session(), [item]))[0].result


@pytest.fixture
async def store() -> Store:
    made = MemoryStore()
    await made.ensure([*COLLECTIONS, "notes"], INDEXES)
    return made


async def row(store: Store) -> dict[str, Any]:
    found = await store.get("notes", NAME)
    assert found is not None
    return found


async def test_an_older_form_is_read_through_every_step_and_written_back_in_the_present_one(
    store: Store,
) -> None:
    await add(store, OLD, "old")
    assert "schema" not in await row(store)
    assert THIRD.understand(await row(store)) == LongNote(NAME, "nobody", ("old",))

    await add(store, NEW, "new")

    assert (await row(store))["schema"] == 2
    assert SECOND.understand(await row(store)) == SignedNote(NAME, "nobody", ("old", "new"))


async def test_the_build_before_keeps_what_the_next_one_added(store: Store) -> None:
    await add(store, NEW, "new")

    assert await add(store, OLD, "old") is Result.DONE

    assert (await row(store))["schema"] == 2
    assert SECOND.understand(await row(store)) == SignedNote(NAME, "second", ("new", "old"))


async def test_a_form_two_steps_ahead_makes_a_build_rest_and_parks_nothing(store: Store) -> None:
    kept = TrackedDocument(THIRD, NAME, LongNote(NAME, "third", ("far",)))
    await store.insert_missing("notes", [kept.raw()])

    with pytest.raises(Unavailable, match="form 3 and this build knows 1"):
        await add(store, OLD, "old")

    assert await store.query("parked", {}) == []
    assert (await row(store))["version"] == 1


def test_a_step_that_the_build_before_cannot_read_is_no_poison_to_it() -> None:
    renamed = TrackedDocument(THIRD, NAME, LongNote(NAME, "third")).raw()

    with pytest.raises(Unavailable, match="form 3, unreadable to form 2"):
        STRICT.understand(renamed)


async def test_a_row_that_only_waits_has_no_form(store: Store) -> None:
    await store.insert_missing("notes", [TrackedDocument(SECOND, NAME, None, awaited=("a|b|c",)).raw()])

    assert "schema" not in await row(store)
    assert await add(store, OLD, "old") is Result.DONE
    assert "schema" not in await row(store)
