"""Ids that callers, publishers and the service itself choose never meet, now and across an upgrade."""

import asyncio
import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from tests.chassis.ledger import NOW, Remind, a_store, command, record, registered, report_id, unit_of_work
from tests.chassis.test_dead_letters import dead_letters

from chassis.consumer.batch_committer import record_batch
from chassis.consumer.records import read
from chassis.observe.metrics import Metrics
from chassis.parking.replays import Replays
from chassis.store.collections import PARKED, PARKED_KEYS
from chassis.store.port import Store
from chassis.transaction.inputs import Input, Lineage, Outcome, Result, Source
from chassis.transaction.parked import Record, parked_key_id, receipt_id

E = "0190a000-0000-5000-8000-00000000000e"
IDS = st.sampled_from(
    (
        E,
        "command:WriteLine:x",
        "event:x",
        "x",
        "job:x",
        "timer:x@1",
        "parked:t/0/1:ff",
        "record:t/0/1",
        "t/0/1",
    )
) | st.text(min_size=1, max_size=40)


def event(event_id: str, report: int = 1, offset: int = 0, category: str = "lift") -> Input:
    return read(record(registered(report, category), event_id, offset), 0)


async def lines(store: Store, report: int = 1) -> list[str]:
    row = await store.get("pages", report_id(report))
    return list(row["state"]["lines"]) if row and row["state"] else []


async def run(store: Store, *inputs: Input, optimistic: bool = False) -> list[Outcome]:
    engine = unit_of_work()
    engine.optimistic = optimistic
    return await engine.run(await store.session(), list(inputs))


def _named(source: Source, chosen: str, body: object) -> str:
    return Input(chosen, body, NOW, "k", Lineage("k"), source=source).name


@given(IDS, IDS, st.sampled_from(("timer", "job", "record")))
def test_two_inputs_have_one_name_only_when_one_publisher_or_caller_gave_both_one_id(
    one: str, other: str, prefix: str
) -> None:
    line, reminder = command(1, "a").body, Remind(report_id(1))
    of_event = _named(Source.EVENT, one, registered(1))
    names = {
        of_event,
        _named(Source.COMMAND, one, line),
        _named(Source.COMMAND, one, reminder),
        _named(Source.OWN, f"{prefix}:{other}", reminder),
        receipt_id(Record("intake.reports", 0, 1, b"k", b"v", ())),
    }

    assert len(names) == 5
    assert names.isdisjoint({_named(Source.COMMAND, other, line)} - {_named(Source.COMMAND, one, line)})
    assume(one != other)
    assert _named(Source.EVENT, other, registered(1)) != of_event


@pytest.mark.parametrize("optimistic", [False, True])
async def test_a_command_whose_id_was_chosen_to_be_that_of_an_event_does_not_swallow_it(
    optimistic: bool,
) -> None:
    store = await a_store()

    await run(store, command(2, "first", E, "aa"), optimistic=optimistic)
    (outcome,) = await run(store, event(E), optimistic=optimistic)

    assert outcome.result is Result.DONE
    assert await lines(store) == ["lift"]
    (again,) = await run(store, command(2, "first", E, "aa"), optimistic=optimistic)
    assert (again.result, again.answer) == (Result.AGAIN, {"lines": 1})


async def test_what_follows_from_a_command_and_from_an_event_of_one_id_has_different_ids() -> None:
    ids = {
        Input(E, body, NOW, "k", Lineage("k"), source=source).name
        for body, source in ((command(1, "a").body, Source.COMMAND), (registered(1), Source.EVENT))
    }
    store = await a_store()
    await run(store, command(1, "first", E), event(E))

    causes = {row["_id"] for name in ("outbox", "timers", "jobs") for row in await store.query(name, {})}
    assert len(ids) == 2
    assert len(causes) == 3


async def test_commands_of_two_types_may_have_one_id() -> None:
    store = await a_store()
    other = Input(E, Remind(report_id(1)), NOW, report_id(1), Lineage("k"), "aa", source=Source.COMMAND)

    results = [one.result for one in await run(store, command(1, "first", E, "aa"), other)]

    assert results == [Result.DONE, Result.DONE]
    assert await lines(store) == ["first", "reminded at 09:30"]


@pytest.mark.parametrize(
    "chosen", ["parked:x", "intake.reports/0/7", "job:1", "command:WriteLine:c1", "event:x"]
)
async def test_an_event_with_any_text_for_an_id_meets_nothing_but_itself(chosen: str) -> None:
    store = await a_store()
    broken = read(replace(record(registered(2), "e7", 7), value=b"{"), 0)
    await run(store, event(chosen), command(3, "own", "c1"))

    results = [one.result for one in await run(store, event(chosen), broken, command(3, "other", "c2"))]

    assert results == [Result.AGAIN, Result.PARKED, Result.DONE]
    assert await lines(store) == ["lift"]


async def _of_an_older_build(store: Store, *rows: Mapping[str, object]) -> None:
    await store.insert_missing("inbox", [{"at": NOW, **row} for row in rows])


@pytest.mark.parametrize("optimistic", [False, True])
async def test_an_event_that_an_older_build_handled_is_not_handled_again(optimistic: bool) -> None:
    store = await a_store()
    await _of_an_older_build(store, {"_id": E})

    (outcome,) = await run(store, event(E), optimistic=optimistic)

    assert (outcome.result, await lines(store)) == (Result.AGAIN, [])


@pytest.mark.parametrize("optimistic", [False, True])
@pytest.mark.parametrize("chosen", [E, f"report:{E}"])
async def test_a_command_that_an_older_build_handled_gets_its_answer(chosen: str, optimistic: bool) -> None:
    store = await a_store()
    await _of_an_older_build(store, {"_id": chosen, "fingerprint": "aa", "answer": {"lines": 7}})

    (again,) = await run(store, command(1, "first", chosen, "aa"), optimistic=optimistic)
    (other,) = await run(store, command(1, "other", chosen, "bb"), optimistic=optimistic)

    assert (again.result, again.answer) == (Result.AGAIN, {"lines": 7})
    assert (other.result, str(other.error)) == (
        Result.REFUSED,
        "id-reused: This id was already used with a different body.",
    )


@pytest.mark.parametrize("optimistic", [False, True])
async def test_a_commands_receipt_of_an_older_build_does_not_swallow_an_event(optimistic: bool) -> None:
    store = await a_store()
    await _of_an_older_build(store, {"_id": E, "fingerprint": "aa", "answer": {"lines": 7}})

    results = [(await run(store, event(E), optimistic=optimistic))[0].result for _ in range(2)]
    (again,) = await run(store, command(2, "first", E, "aa"), optimistic=optimistic)

    assert results == [Result.DONE, Result.AGAIN]
    assert await lines(store) == ["lift"]
    assert (again.result, again.answer) == (Result.AGAIN, {"lines": 7})


STEP = st.tuples(st.sampled_from((Source.EVENT, Source.COMMAND)), st.sampled_from((E, "x", "a:b")))


@given(st.lists(st.lists(STEP, min_size=1, max_size=3), max_size=8), st.sets(st.sampled_from((E, "x"))))
def test_each_event_is_handled_once_whatever_commands_of_its_id_come_now_or_came_to_an_older_build(
    batches: list[list[tuple[Source, str]]], legacy: set[str]
) -> None:
    async def story() -> None:
        store, engine = await a_store(), unit_of_work()
        engine.optimistic = True
        await _of_an_older_build(store, *({"_id": chosen, "fingerprint": "aa"} for chosen in legacy))
        session = await store.session()
        for batch in batches:
            inputs = [
                event(chosen, len(chosen))
                if source is Source.EVENT
                else command(9, f"line-{len(chosen)}", chosen, "aa")
                for source, chosen in batch
            ]
            await engine.run(session, inputs)
        told = {step for batch in batches for step in batch}
        for chosen in (E, "x", "a:b"):
            assert await lines(store, len(chosen)) == ["lift"] * ((Source.EVENT, chosen) in told)
        fresh = {
            f"line-{len(chosen)}"
            for source, chosen in told
            if source is Source.COMMAND and chosen not in legacy
        }
        assert sorted(await lines(store, 9)) == sorted(fresh)

    asyncio.run(story())


async def test_an_events_receipt_is_never_taken_for_a_commands() -> None:
    store = await a_store()
    await run(store, event(E))

    (outcome,) = await run(store, command(2, "first", E))

    assert outcome.result is Result.DONE


async def test_a_refused_event_waits_with_its_key_until_it_can_be_handled() -> None:
    store = await a_store()
    refused, behind, other = event("e1", category="refuse"), event("e2", offset=1), event("e3", 2, 2)

    results = [one.result for one in await run(store, refused, behind, other)]

    assert results == [Result.REFUSED, Result.BEHIND, Result.DONE]
    rows = await store.query(PARKED, {}, [("_id", 1)])
    assert [(row["reason"], row["detail"]) for row in rows] == [
        ("refused", "no-such-line: This line is not wanted."),
        ("behind", ""),
    ]
    (stalled,) = await store.query("outbox", {"type": "key-stalled.v1"})
    assert json.loads(stalled["payload"])["reason"] == "failed"
    engine = unit_of_work()
    replays = Replays("ledger", store, engine, await store.session(), lambda: NOW)
    head = parked_key_id("ledger", "intake.reports", report_id(1))
    assert [one.result for one in await replays.replay(head)] == [Result.REFUSED]
    assert await store.count(PARKED, {}) == 2

    await (await dead_letters(store)).discard_record(
        "ada", "its publisher took it back", head, rows[0]["_id"]
    )
    assert [one.result for one in await replays.replay(head)] == [Result.DONE]
    assert [row["size"] for row in await store.query(PARKED_KEYS, {})] == [0]
    assert (await run(store, refused))[0].result is Result.AGAIN


async def test_a_refused_result_of_a_job_is_kept() -> None:
    store = await a_store()
    await run(store, event("e1"))
    (job,) = await store.query("jobs", {})
    result = replace(
        command(1, "refuse", f"job:{job['_id']}"), consumes=("jobs", job["_id"]), source=Source.OWN
    )

    (outcome,) = await run(store, result)

    assert outcome.result is Result.REFUSED
    assert await store.count("jobs", {}) == 0
    assert [(row["reason"], row["kind"]) for row in await store.query(PARKED, {})] == [("refused", "Print")]


async def test_a_refused_event_is_counted_and_said_with_its_ids(caplog: pytest.LogCaptureFixture) -> None:
    store, metrics = await a_store(), Metrics("ledger")
    outcomes: Sequence[Outcome] = await run(store, event("e1", category="refuse"))

    with caplog.at_level(logging.INFO, "ascolto"):
        record_batch(metrics, "ledger", outcomes, 0.1, NOW)

    (said,) = [one for one in caplog.records if one.levelno == logging.ERROR]
    fields = json.loads(json.dumps(said.__dict__["fields"]))
    assert fields == {
        "reason": "refused",
        "topic": "intake.reports",
        "partition": 0,
        "offset": 0,
        "id": "e1",
        "key": report_id(1),
    }
    for counter in (metrics.consumed, metrics.parked):
        assert counter.labels("intake.reports", "refused")._value.get() == 1
