"""What a turn promises: receipts, documents, facts, timers and jobs together, once, in order."""

import asyncio
from collections.abc import Collection as Several
from dataclasses import replace
from datetime import timedelta
from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.chassis.ledger import (
    NOW,
    PAGES,
    REGISTERS,
    Page,
    Remind,
    a_store,
    command,
    opened,
    record,
    registered,
    report_id,
    unit_of_work,
)

from chassis.consumer.records import read
from chassis.documents import Collection, Raw
from chassis.errors import Poison, Refused
from chassis.handling import Change, Moment, Reactions, on
from chassis.store.collections import PARKED, PARKED_KEYS
from chassis.store.memory_session import MemoryTransaction
from chassis.store.port import Store
from chassis.transaction.inputs import Input, Lineage, Result
from contracts.intake import ReportRegistered


async def lines(store: Store, report: int) -> list[str]:
    row = await store.get("pages", report_id(report))
    return list(row["state"]["lines"]) if row and row["state"] else []


async def run(store: Store, *inputs: Input) -> list[str]:
    session = await store.session()
    return [outcome.result.value for outcome in await unit_of_work().run(session, inputs)]


def event(report: int, event_id: str, offset: int = 0, category: str = "lift") -> Input:
    return read(record(registered(report, category), event_id, offset), 0)


async def test_state_receipt_and_fact_are_written_together() -> None:
    store = await a_store()

    outcomes = await unit_of_work().run(await store.session(), [command(1, "first")])

    assert outcomes[0].answer == {"lines": 1}
    assert await lines(store, 1) == ["first"]
    said = await store.query("outbox", {})
    assert [(row["aggregateid"], row["type"], row["sequence"]) for row in said] == [
        (report_id(1), "case-resolved.v1", 1)
    ]
    assert await store.get("inbox", "command:WriteLine:c1") is not None


async def test_another_clocks_time_neither_delays_a_job_nor_ages_a_receipt() -> None:
    store = await a_store()
    met = NOW + timedelta(seconds=1)
    early, late = event(1, "e1"), event(2, "e2", 1)
    early.now, late.now = NOW - timedelta(days=400), NOW + timedelta(days=400)

    await replace(unit_of_work(), clock=lambda: met).run(await store.session(), [early, late])

    assert {row["due"] for row in await store.query("jobs", {})} == {met}
    assert {row["at"] for row in await store.query("inbox", {})} == {met}


async def test_one_input_that_cannot_be_kept_is_parked_and_among_several_the_turn_says_so() -> None:
    store = await a_store()
    session = await store.session()
    bad, good = event(1, "e1", category="surrogate"), event(2, "e2", 1)

    with pytest.raises(Poison):
        await unit_of_work().run(session, [bad, good])
    assert await store.count("inbox", {}) == 0
    (outcome,) = await unit_of_work().run(session, [bad])

    assert outcome.result is Result.PARKED
    assert [row["reason"] for row in await store.query(PARKED, {})] == ["poison"]
    assert await lines(store, 1) == []


async def test_two_services_that_hear_the_same_fact_say_different_ones() -> None:
    ids = set()
    for service in ("ledger", "diary"):
        store = await a_store()
        engine = replace(unit_of_work(), service=service)
        await engine.run(await store.session(), [command(1, "first")])
        ids.add((await store.query("outbox", {}))[0]["_id"])

    assert len(ids) == 2


async def test_an_input_that_comes_again_changes_nothing_and_is_answered_the_same() -> None:
    store = await a_store()
    await run(store, command(1, "first"))

    outcomes = await unit_of_work().run(await store.session(), [command(1, "first")])

    assert outcomes[0].result is Result.AGAIN
    assert outcomes[0].answer == {"lines": 1}
    assert await store.count("outbox", {}) == 1


async def test_the_same_input_twice_in_one_batch_is_handled_once() -> None:
    store = await a_store()

    assert await run(store, event(1, "e1", 0), event(1, "e1", 1)) == ["done", "again"]
    assert await lines(store, 1) == ["lift"]


async def test_another_body_under_a_used_id_is_refused() -> None:
    store = await a_store()
    await run(store, command(1, "first", fingerprint="aa"))

    outcome = (await unit_of_work().run(await store.session(), [command(1, "other", fingerprint="bb")]))[0]

    assert isinstance(outcome.error, Refused)
    assert (outcome.error.slug, outcome.error.status) == ("id-reused", 422)
    assert await lines(store, 1) == ["first"]


async def test_a_refused_command_stores_nothing_and_may_be_corrected_under_its_id() -> None:
    store = await a_store()

    outcome = (await unit_of_work().run(await store.session(), [command(1, "refuse", fingerprint="aa")]))[0]

    assert isinstance(outcome.error, Refused)
    assert outcome.error.field == "line"
    assert await store.get("inbox", "command:WriteLine:c1") is None
    assert await store.get("pages", report_id(1)) is None
    assert await run(store, command(1, "better", fingerprint="bb")) == ["done"]


async def test_a_bug_is_one_commands_own_and_the_others_of_its_batch_go_on() -> None:
    store = await a_store()

    assert await run(store, command(1, "bug", "c1"), command(2, "fine", "c2")) == ["failed", "done"]
    assert await lines(store, 2) == ["fine"]
    assert await store.get("inbox", "command:WriteLine:c1") is None


Told = tuple[str, int, str, str]
TOLD = st.tuples(
    st.sampled_from(("command", "event")),
    st.integers(0, 5),
    st.sampled_from(("a", "refuse", "bug", "nothing")),
    st.sampled_from(("aa", "bb")),
)


def told(offset: int, kind: str, n: int, line: str, body: str) -> Input:
    """One of a few inputs that come again and again, each time at another offset."""
    if kind == "event":
        return event(n % 2, f"i{n}", offset, line)
    return command(n % 2, line, f"i{n}", fingerprint=body)  # callers choose the ids of events


@given(st.lists(st.lists(TOLD, min_size=1, max_size=4), min_size=1, max_size=8))
def test_hoping_that_nothing_came_before_ends_as_looking_for_it_does(batches: list[list[Told]]) -> None:
    async def story(careful: bool) -> tuple[object, ...]:
        store, offsets = await a_store(), count()
        session, engine = await store.session(), replace(unit_of_work(), clock=lambda: NOW)
        ends: list[object] = []
        for batch in batches:
            engine.optimistic = engine.optimistic and not careful
            outcomes = await engine.run(session, [told(next(offsets), *one) for one in batch])
            ends += [(outcome.result, outcome.answer, str(outcome.error)) for outcome in outcomes]
        names = ("pages", "inbox", "outbox", "timers", "jobs", PARKED, PARKED_KEYS)
        return ends, *[await store.query(name, {}, [("_id", 1)]) for name in names]

    assert asyncio.run(story(careful=False)) == asyncio.run(story(careful=True))


async def test_receipts_are_asked_for_only_at_first_and_once_something_comes_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    store, engine = await a_store(), unit_of_work()
    session, asked, rows = await store.session(), list[str](), MemoryTransaction._rows

    def heard(tx: MemoryTransaction, collection: str, ids: Several[str]) -> dict[str, Raw]:
        asked.append(collection)
        return rows(tx, collection, ids)

    monkeypatch.setattr(MemoryTransaction, "_rows", heard)
    times = []
    for name in ("e1", "e2", "e3", "e3", "e4", "e5"):
        await engine.run(session, [event(1, name, category=name)])
        times.append(asked.count("inbox"))
        asked.clear()

    assert times == [1, 0, 0, 1, 1, 0]  # e3 again: hoped, was contradicted, asked; e4 asks as well
    assert await lines(store, 1) == ["e1", "e2", "e3", "e4", "e5"]


@given(st.lists(st.tuples(st.integers(0, 2), st.sampled_from("abc")), min_size=1, max_size=12), st.data())
def test_sequences_have_no_hole_however_the_inputs_are_cut_into_batches(
    said: list[tuple[int, str]], data: st.DataObject
) -> None:
    async def story() -> None:
        store = await a_store()
        inputs = [command(report, line, f"c{n}") for n, (report, line) in enumerate(said)]
        while inputs:
            size = data.draw(st.integers(1, len(inputs)))
            await run(store, *inputs[:size])
            inputs = inputs[size:]
        rows = await store.query("outbox", {}, [("stamp", 1)])
        for report in range(3):
            mine = [row for row in rows if row["aggregateid"] == report_id(report)]
            assert [row["sequence"] for row in mine] == list(range(1, len(mine) + 1))
            assert await lines(store, report) == [line for r, line in said if r == report]

    asyncio.run(story())


async def test_an_unreadable_record_is_parked_with_its_bytes_and_later_ones_of_its_key_wait_behind_it() -> (
    None
):
    store = await a_store()
    broken = replace(record(registered(1), "e1", 4), value=b"{")
    inputs = [read(broken, 0), event(1, "e2", 5), event(2, "e3", 6)]

    assert await run(store, *inputs) == ["parked", "behind", "done"]

    parked = await store.query(PARKED, {}, [("_id", 1)])
    assert [(row["offset"], row["reason"], bytes(row["value"])[:1]) for row in parked] == [
        (4, "poison", b"{"),
        (5, "behind", b"{"),
    ]
    assert "report-registered.v1" in parked[0]["detail"]
    assert await lines(store, 2) == ["lift"]
    assert await run(store, event(1, "e4", 7)) == ["behind"]
    heads = await store.query(PARKED_KEYS, {})
    assert [(row["key"], row["size"]) for row in heads] == [(report_id(1), 3)]


async def test_a_group_that_is_set_back_parks_nothing_twice() -> None:
    store = await a_store()
    broken = replace(record(registered(1), "e1", 4), value=b"{")
    inputs = [read(broken, 0), event(1, "e2", 5)]
    assert await run(store, *inputs) == ["parked", "behind"]

    assert await run(store, *inputs, event(1, "e3", 6)) == ["again", "again", "behind"]

    parked = await store.query(PARKED, {}, [("_id", 1)])
    assert [row["offset"] for row in parked] == [4, 5, 6]
    made_again = replace(broken, value=b"[")  # another topic of this name, where something else lies there
    assert await run(store, read(made_again, 0)) == ["behind"]


async def test_commands_of_a_parked_key_go_on() -> None:
    store = await a_store()
    await run(store, event(1, "e1", 0, "bug"))

    assert await run(store, command(1, "by-hand")) == ["done"]


async def test_an_unknown_type_is_skipped_even_behind_a_parked_key() -> None:
    store = await a_store()
    await run(store, event(1, "e1", 0, "bug"))
    newer = record(registered(1), "e2", 1)
    headers = [(name, b"report-moved.v9" if name == "ce_type" else value) for name, value in newer.headers]

    assert await run(store, read(replace(newer, headers=headers), 0)) == ["unknown"]


async def test_an_early_event_is_held_and_the_document_it_waits_for_makes_it_ready() -> None:
    store = await a_store()

    assert await run(store, read(record(opened(1), "e1", 0), 0)) == ["early"]
    assert await run(store, command(1, "arrived")) == ["done"]

    heads = await store.query(PARKED_KEYS, {})
    assert [(row["ready"], row["awaits"]) for row in heads] == [(True, f"pages/{report_id(1)}")]


async def test_a_handler_that_has_nothing_to_do_leaves_a_receipt_only() -> None:
    store = await a_store()

    assert await run(store, event(1, "e1", 0, "nothing")) == ["ignored"]
    assert await store.count("pages", {}) == 0


async def test_a_timer_fires_once_at_its_own_time_and_a_moved_one_at_the_new_time() -> None:
    store = await a_store()
    await run(store, event(1, "e1"))
    row = (await store.query("timers", {}))[0]
    assert row["due"] == NOW + timedelta(hours=1)
    body = Remind(report_id(1))
    due = Input("t", body, row["due"], "k", Lineage("x"), consumes=("timers", row["_id"]))
    moved = replace(due, now=NOW)

    assert await run(store, moved) == ["again"]
    assert await run(store, due) == ["done"]
    assert await run(store, due) == ["again"]
    assert await lines(store, 1) == ["lift", "reminded at 10:30"]


async def test_a_jobs_result_is_applied_once() -> None:
    store = await a_store()
    await run(store, event(1, "e1"))
    job = (await store.query("jobs", {}))[0]
    result = replace(command(1, "printed", "job:1"), consumes=("jobs", job["_id"]))

    assert await run(store, result) == ["done"]
    assert await run(store, result) == ["again"]
    assert await store.count("jobs", {}) == 0


async def test_a_timer_that_meets_a_bug_is_parked_and_does_not_fire_for_ever() -> None:
    store = await a_store()
    await run(store, event(1, "e1"))
    row = (await store.query("timers", {}))[0]
    nobody = Input("t", Remind(report_id(9)), row["due"], "k", Lineage("x"), consumes=("timers", row["_id"]))

    assert await run(store, nobody) == ["failed"]
    assert await store.count("timers", {}) == 0
    assert [row["reason"] for row in await store.query(PARKED, {})] == ["failed"]


async def test_two_turns_on_one_page_end_as_if_one_had_come_after_the_other() -> None:
    store = await a_store()
    inputs = [command(1, f"line-{n}", f"c{n}") for n in range(10)]

    await asyncio.gather(*(run(store, item) for item in inputs))

    assert sorted(await lines(store, 1)) == [f"line-{n}" for n in range(10)]
    said = await store.query("outbox", {})
    assert sorted(row["sequence"] for row in said) == list(range(1, 11))


async def test_units_of_work_of_one_process_on_one_page_never_conflict() -> None:
    store, engine = await a_store(), unit_of_work()
    retried = engine.metrics.retries._value.get()
    inputs = [command(1, f"line-{n}", f"c{n}") for n in range(10)]

    await asyncio.gather(*[engine.run(await store.session(), [item]) for item in inputs])

    assert await lines(store, 1) == [f"line-{n}" for n in range(10)]
    assert engine.metrics.retries._value.get() == retried


async def test_changed_reference_data_are_decided_with_at_once_and_unchanged_are_decoded_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def with_register(event: ReportRegistered, register: Page | None, page: Page | None, _: Moment) -> Change:
        lines = () if register is None else register.lines
        return Change(write=[PAGES.put(Page(event.report_id, ((*page.lines,) if page else ()) + lines))])

    def register(number: int, *lines: str) -> Raw:
        return {"_id": "all", "version": number, "state": {"report_id": "all", "lines": list(lines)}}

    table = Reactions(on(ReportRegistered, lambda e: (REGISTERS["all"], PAGES[e.report_id]), with_register))
    store, engine = await a_store(), replace(unit_of_work(), reactions=table)
    session, decoded, understand = await store.session(), list[str](), Collection.understand

    def heard(own: Collection[Page], row: Raw) -> Page | None:
        decoded.append(own.name)
        return understand(own, row)

    monkeypatch.setattr(Collection, "understand", heard)
    for number, stored in enumerate((None, register(1, "a"), None, register(2, "b"), None)):
        if stored is not None:
            await session.transact(lambda tx, row=stored: tx.upsert("registers", [row]))  # type: ignore[misc]
        await engine.run(session, [event(1, f"e{number}", number)])

    assert await lines(store, 1) == ["a", "a", "b", "b"]
    assert decoded.count("registers") == 2
    await session.transact(lambda tx: tx.delete("registers", ["all"]))
    await engine.run(session, [event(1, "e9", 9)])
    assert await lines(store, 1) == ["a", "a", "b", "b"]
