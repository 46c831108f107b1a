"""Parked keys go on in their order once what stopped them is mended."""

from tests.chassis.ledger import NOW, a_store, command, opened, record, registered, report_id, unit_of_work

from chassis.consumer.records import read
from chassis.parking.replays import TOGETHER, Replays
from chassis.store.collections import PARKED, PARKED_KEYS
from chassis.store.memory import MemoryStore
from chassis.store.port import Store
from chassis.transaction.inputs import Result


async def replays(store: Store) -> Replays:
    return Replays("ledger", store, unit_of_work(), await store.session(), lambda: NOW)


async def test_an_event_that_came_too_early_is_handled_when_its_document_is_there() -> None:
    store = await a_store()
    session = await store.session()
    early = [read(record(opened(1, rule), f"e{n}", n), 0) for n, rule in enumerate(("first", "second"))]
    await unit_of_work().run(session, early)
    await unit_of_work().run(session, [command(1, "page")])

    await (await replays(store)).release()

    row = await store.get("pages", report_id(1))
    assert row is not None
    assert list(row["state"]["lines"]) == ["page", "first", "second"]
    assert await store.count(PARKED, {}) == 0
    assert [row["size"] for row in await store.query(PARKED_KEYS, {})] == [0]
    said = [
        row["type"]
        for row in await store.query("outbox", {}, [("sequence", 1)])
        if row["aggregatetype"] == "ops.stalls"
    ]
    assert said == ["key-stalled.v1", "key-resumed.v1"]


async def test_a_record_that_still_fails_stays_where_it_is_and_keeps_the_others_behind_it() -> None:
    store = await a_store()
    session = await store.session()
    inputs = [read(record(registered(1, name), f"e{n}", n), 0) for n, name in enumerate(("bug", "lift"))]
    await unit_of_work().run(session, inputs)
    (head,) = await store.query(PARKED_KEYS, {})

    outcomes = await (await replays(store)).replay(head["_id"])

    assert [outcome.result for outcome in outcomes] == [Result.FAILED]
    assert [row["offset"] for row in await store.query(PARKED, {}, [("_id", 1)])] == [0, 1]


async def test_a_key_that_was_replayed_to_its_end_is_free_again() -> None:
    store = await a_store()
    assert isinstance(store, MemoryStore)
    session = await store.session()
    await unit_of_work().run(session, [read(record(opened(1), "e0", 0), 0)])
    await unit_of_work().run(session, [command(1, "page")])
    await (await replays(store)).release()

    outcomes = await unit_of_work().run(session, [read(record(opened(1, "third"), "e9", 9), 0)])

    assert outcomes[0].result is Result.DONE


async def test_what_is_released_is_replayed_a_bounded_number_at_a_time() -> None:
    store = await a_store()
    session, records = await store.session(), 2 * TOGETHER + 1
    early = [read(record(opened(1, f"r{n}"), f"e{n}", n), 0) for n in range(records)]
    await unit_of_work().run(session, early)
    await unit_of_work().run(session, [command(1, "page")])
    made = await replays(store)

    left = [records]
    while await made.release():
        left.append(await store.count(PARKED, {}))

    assert left == [records, records - TOGETHER, 1]
    assert await store.count(PARKED, {}) == 0
