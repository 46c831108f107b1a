"""A replay into the shadow makes the same documents again, says nothing, and tells what differs."""

from collections.abc import AsyncIterator, Sequence

import pytest
from tests.chassis.ledger import (
    PAGES,
    REACTIONS,
    Page,
    a_store,
    command,
    record,
    registered,
    report_id,
    unit_of_work,
)

from chassis.consumer.records import read
from chassis.documents import Collection
from chassis.errors import Misuse
from chassis.runtime.shadow import Shadow
from chassis.service import Plan
from chassis.transaction.inputs import Input

READ_MODEL = Collection("pages", Page, lambda page: page.report_id)


def events(*reports: int) -> list[Input]:
    return [read(record(registered(n), f"e{n}", n), 0) for n in reports]


async def batches(*parts: Sequence[Input]) -> AsyncIterator[Sequence[Input]]:
    for part in parts:
        yield part


async def a_shadow(*live: Input) -> Shadow:
    store = await a_store()
    if live:
        await unit_of_work().run(await store.session(), live)
    shadow = Shadow(Plan("ledger", REACTIONS, [PAGES], lambda _: []), 8, store, await a_store())
    await shadow.prepare()
    return shadow


async def test_the_same_facts_make_the_same_documents_and_say_nothing() -> None:
    shadow = await a_shadow(*events(1, 2, 3))

    ended = await shadow.rebuild(batches(events(1, 2), events(3)))

    assert ended == {"done": 3}
    assert vars(await shadow.compare(PAGES)) == {
        "collection": "pages",
        "same": 3,
        "different": [],
        "only_live": [],
        "only_shadow": [],
    }
    for collection in ("outbox", "timers", "jobs"):
        assert await shadow.store.count(collection, {}) == 0


async def test_a_replay_that_is_run_again_adds_nothing() -> None:
    shadow = await a_shadow()

    await shadow.rebuild(batches(events(1)))

    assert await shadow.rebuild(batches(events(1))) == {"again": 1}


async def test_what_differs_is_named() -> None:
    shadow = await a_shadow(*events(1, 2), command(2, "by-hand"), command(4, "by-hand", "c2"))

    await shadow.rebuild(batches(events(1, 2, 3)))
    found = await shadow.compare(PAGES)

    assert (found.same, found.different) == (1, [report_id(2)])
    assert (found.only_live, found.only_shadow) == ([report_id(4)], [report_id(3)])


async def test_a_read_model_can_be_put_in_place_of_the_live_one() -> None:
    shadow = await a_shadow(*events(1), command(1, "wrong"))
    await shadow.rebuild(batches(events(1, 2)))

    assert await shadow.swap(READ_MODEL) == 2
    assert vars(await shadow.compare(READ_MODEL))["same"] == 2
    assert await shadow.swap(READ_MODEL) == 0


async def test_documents_that_speak_are_never_swapped() -> None:
    shadow = await a_shadow(*events(1))

    with pytest.raises(Misuse, match="publishes on"):
        await shadow.swap(PAGES)
