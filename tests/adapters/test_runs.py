"""Runs on both stores: nothing is lost, done twice or counted twice, whoever drives them and wherever they are stopped."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise

import pytest
from tests.chassis.ledger import NOW, command, opened, record, registered, report_id, unit_of_work

from chassis.consumer.records import read
from chassis.documents import Raw
from chassis.errors import Fenced, Refused, Unavailable
from chassis.ids import uuid7
from chassis.outbox.sent import UNSENT, mark_sent
from chassis.parking.dead_letters import DeadLetters, open_dead_letters
from chassis.store.collections import AUDIT, COLLECTIONS, INDEXES, OUTBOX, PARKED, PARKED_KEYS, QUEUES
from chassis.store.memory import MemoryStore
from chassis.store.mongo import MongoStore
from chassis.store.port import Store
from chassis.store.shard_leases import ShardLeases
from chassis.tasks.run import Run, State, keep
from chassis.tasks.runs import LONGEST_WAIT, TRIES, Asked
from stack.system import System

HEAD = f"ledger|intake.reports|{report_id(1)}"


@pytest.fixture(params=["memory", pytest.param("motor", marks=pytest.mark.engines)])
async def store(request: pytest.FixtureRequest) -> AsyncIterator[Store]:
    if request.param == "memory":
        made: Store = MemoryStore()
    else:
        system: System = request.getfixturevalue("engines")
        made = MongoStore(system.mongod.admin, f"runs-{uuid.uuid4().hex[:8]}", "motor")
    await made.ensure([*COLLECTIONS, "pages"], INDEXES)
    yield made
    await made.close()


def many(store: Store, here: int) -> int:
    """So many in memory, a tenth of them on an engine that writes each to its disk."""
    return here if isinstance(store, MemoryStore) else here // 10


class Thief(ShardLeases):
    """A process that takes every slot for its own, as one does whose lease has run out unnoticed."""

    def owned(self) -> list[int]:
        return list(range(self.total))


@dataclass
class Clock:
    """A clock that is set by hand, and goes a millisecond whenever it is read."""

    now: datetime = NOW

    def __call__(self) -> datetime:
        self.now += timedelta(milliseconds=1)
        return self.now


TIME = Clock()


async def replica(store: Store, clock: Clock | None = None) -> DeadLetters:
    return await open_dead_letters(store, unit_of_work(), Thief(store, "any", 8), clock or TIME, lambda: None)


async def drive(made: DeadLetters, kind: str) -> None:
    """Drive the runs of a kind to their ends; what the outbox has is sent meanwhile."""
    while (await made.store.get(QUEUES, kind) or {"open": []})["open"]:
        await made.runs.advance(made.runs.kinds[kind])
        if kind == "republish":
            await mark_sent(made.store, await made.store.query(OUTBOX, UNSENT), made.clock())


async def until(made: DeadLetters, run: Run, done: int) -> Run:
    """Drive a run in a task of its own until so many are dealt with, and kill that task wherever it is."""
    task = asyncio.create_task(drive(made, run.kind))
    while (now := await made.runs.read(run.id)).done < done:
        assert not task.done()
        await asyncio.sleep(0.001)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    return now


async def park_early(store: Store, keys: int) -> None:
    """Park a record under each of so many keys, whose documents come afterwards."""
    session, engine = await store.session(), unit_of_work()
    for first in range(1, keys + 1, 200):
        numbers = range(first, min(first + 200, keys + 1))
        await engine.run(session, [read(record(opened(n), f"e{n}", n), 0) for n in numbers])
        await engine.run(session, [command(n, "page", f"c{n}") for n in numbers])


async def lines(store: Store) -> set[tuple[str, ...]]:
    return {tuple(row["state"]["lines"]) for row in await store.query("pages", {})}


async def events(made: DeadLetters, run: Run) -> list[tuple[str, str, dict[str, int]]]:
    """What the audit says of a run, in order: who, what, how many."""
    rows = [row for row in await made.audit(500) if row["details"].get("run") == run.id]
    said = [(row["by"], row["details"]) for row in rows if "event" in row["details"]]
    return [(by, one["event"], one["counts"]) for by, one in reversed(said)]


@pytest.mark.slow
async def test_a_replay_that_is_killed_is_taken_up_by_another_and_counts_each_record_once(
    store: Store,
) -> None:
    keys = many(store, 2_000)
    await park_early(store, keys)
    first, second = await replica(store), await replica(store)
    run = await first.replay("anna")
    assert (run.state, await events(first, run)) == (State.WAITING, [("anna", "asked", {})])

    stopped = await until(first, run, keys // 3)
    assert stopped.state is State.RUNNING
    await drive(second, "replay")

    done = await second.runs.read(run.id)
    assert (done.state, done.counts, done.total) == (State.DONE, {"handled": keys}, keys)
    assert await lines(store) == {("page", "technical")}
    assert await store.count(PARKED, {}) == 0
    assert await events(second, run) == [("anna", "asked", {}), ("anna", "done", {"handled": keys})]


async def test_two_processes_that_drive_one_run_at_once_never_do_a_record_twice(store: Store) -> None:
    keys = many(store, 400)
    await park_early(store, keys)
    replicas = [await replica(store) for _ in range(2)]
    run = await replicas[0].replay("anna")

    async def patiently(made: DeadLetters) -> None:
        while True:
            try:
                await drive(made, "replay")
            except Unavailable:  # the other one was first, ten times
                continue
            return

    await asyncio.gather(*(patiently(one) for one in replicas))

    done = await replicas[0].runs.read(run.id)
    assert (done.state, done.counts) == (State.DONE, {"handled": keys})
    assert await lines(store) == {("page", "technical")}
    assert [event for _, event, _ in await events(replicas[0], run)] == ["asked", "done"]


@pytest.mark.slow
async def test_one_key_of_many_records_is_replayed_in_chunks_and_keeps_its_order(store: Store) -> None:
    records = many(store, 1_200)
    session = await store.session()
    await unit_of_work().run(
        session, [read(record(opened(1, f"r{n}"), f"e{n}", n), 0) for n in range(records)]
    )
    await unit_of_work().run(session, [command(1, "page")])
    made = await replica(store)
    run = await made.replay("anna", parked_key=(await made.parked_keys())[0]["_id"], reason="early")

    await until(made, run, records // 2)
    await drive(made, "replay")

    assert (await made.runs.read(run.id)).counts == {"handled": records}
    assert await lines(store) == {("page", *(f"r{n}" for n in range(records)))}


async def test_a_key_that_still_fails_is_counted_once_and_holds_up_no_other(store: Store) -> None:
    bugs = [read(record(registered(1, "bug"), f"b{n}", n), 0) for n in range(3)]
    await unit_of_work().run(await store.session(), bugs)
    early = [read(record(opened(2), "e", 9), 0)]
    await unit_of_work().run(await store.session(), early)
    await unit_of_work().run(await store.session(), [command(2, "page")])
    made = await replica(store)

    run = await made.replay("anna")
    await drive(made, "replay")

    found = await made.runs.read(run.id)
    assert (found.counts, found.total, found.done) == ({"handled": 1, "still-parked": 3}, 4, 4)


async def test_nothing_to_replay_ends_at_once_with_nothing_counted(store: Store) -> None:
    made = await replica(store)

    run = await made.replay("anna")
    await drive(made, "replay")

    found = await made.runs.read(run.id)
    assert (found.state, found.counts, found.total, found.done) == (State.DONE, {}, 0, 0)


async def keep_sent(store: Store, facts: int) -> None:
    for first in range(0, facts, 2_000):
        rows = [
            {"_id": f"f{n:06}", "slot": 0, "stamp": n // 3} for n in range(first, min(first + 2_000, facts))
        ]
        await store.insert_missing(OUTBOX, rows)
        for part in range(0, len(rows), 250):
            sent_at = NOW - timedelta(hours=40) + timedelta(minutes=(first + part) / 10)
            await mark_sent(store, rows[part : part + 250], sent_at)


@pytest.mark.slow
async def test_facts_go_out_again_once_and_in_order_although_the_process_is_killed(store: Store) -> None:
    facts = 20_000
    await keep_sent(store, facts)
    first, second = await replica(store), await replica(store)
    run = await first.republish("anna", NOW - timedelta(days=3))

    await until(first, run, facts // 3)
    await mark_sent(store, await store.query(OUTBOX, UNSENT), TIME())
    await drive(second, "republish")

    found = await second.runs.read(run.id)
    assert (found.state, found.counts, found.total) == (State.DONE, {"republished": facts}, facts)


async def sent_again(made: DeadLetters, run: Run) -> list[Raw]:
    """What a run makes unsent, in its order; it is marked as sent as the relay would."""
    found: list[Raw] = []
    kind = made.runs.kinds[run.kind]
    while await made.runs.advance(kind):
        rows = await made.store.query(OUTBOX, UNSENT, [("stamp", 1), ("_id", 1)])
        await mark_sent(made.store, rows, made.clock())
        found += rows
    return found


async def test_what_is_sent_again_and_marked_anew_is_not_sent_a_third_time(store: Store) -> None:
    clock = Clock()
    await keep_sent(store, 4_100)
    made = await replica(store, clock)
    run = await made.republish("anna", NOW - timedelta(days=3))

    rows = await sent_again(made, run)

    assert [row["_id"] for row in rows] == [f"f{n:06}" for n in range(4_100)]
    assert all(first["stamp"] <= second["stamp"] for first, second in pairwise(rows))


async def test_old_facts_wait_while_the_outbox_is_full(store: Store) -> None:
    await keep_sent(store, 4_000)
    made = await replica(store)
    await made.republish("anna", NOW - timedelta(days=3))

    while await made.runs.advance(made.runs.kinds["republish"]):
        pass

    assert 2_000 <= await store.count(OUTBOX, UNSENT) < 2_600


async def test_of_two_republishings_the_second_is_refused_and_names_the_first(store: Store) -> None:
    first, second = await replica(store), await replica(store)
    asked = [one.republish("anna", NOW - timedelta(days=1)) for one in (first, second)]

    found = await asyncio.gather(*asked, return_exceptions=True)

    [run] = [one for one in found if isinstance(one, Run)]
    [refusal] = [one for one in found if isinstance(one, Refused)]
    assert (refusal.status, refusal.slug) == (409, "run-open")
    assert run.id in refusal.detail
    await drive(first, "republish")
    await second.republish("anna", NOW - timedelta(days=1))


async def test_replays_wait_in_line_and_are_worked_one_after_the_other(store: Store) -> None:
    await park_early(store, 3)
    made = await replica(store)
    runs = [await made.replay("anna", topic=topic) for topic in ("intake.people", "routing.cases", None)]

    await drive(made, "replay")

    found = [await made.runs.read(run.id) for run in runs]
    assert [run.counts for run in found] == [{}, {"handled": 3}, {}]
    assert [run.id for run in await made.runs.latest(10)] == [run.id for run in reversed(runs)]


async def test_the_same_id_is_the_same_run_and_with_another_question_refused(store: Store) -> None:
    made, run_id = await replica(store), uuid7(NOW)

    first = await made.replay("anna", topic="routing.cases", run_id=run_id)
    again = await made.replay("anna", topic="routing.cases", run_id=run_id)

    assert again == first
    with pytest.raises(Refused, match="id-reused"):
        await made.replay("anna", topic="intake.reports", run_id=run_id)
    with pytest.raises(Refused, match="id-reused"):
        await made.republish("anna", NOW, run_id)
    assert len(await made.runs.latest(10)) == 1
    assert [event for _, event, _ in await events(made, first)] == ["asked"]


async def test_a_cancelled_run_stops_where_it_is_and_goes_on_when_it_is_resumed(store: Store) -> None:
    keys = many(store, 600)
    await park_early(store, keys)
    made, other = await replica(store), await replica(store)
    run = await made.replay("anna")
    task = asyncio.create_task(drive(made, "replay"))
    while (await made.runs.read(run.id)).done < keys // 4:
        await asyncio.sleep(0.001)

    cancelled = await other.runs.cancel(run.id, "bruno")
    await task

    handled = keys - await store.count(PARKED, {})
    assert (cancelled.state, cancelled.counts) == (State.CANCELLED, {"handled": handled})
    assert await made.runs.read(run.id) == cancelled == await other.runs.cancel(run.id, "bruno")
    assert (await made.runs.resume(run.id, "bruno")).state is State.WAITING
    await drive(other, "replay")
    assert (await made.runs.read(run.id)).counts == {"handled": keys}
    assert await events(made, run) == [
        ("anna", "asked", {}),
        ("bruno", "cancelled", {"handled": handled}),
        ("bruno", "resumed", {"handled": handled}),
        ("anna", "done", {"handled": keys}),
    ]
    for ask in (made.runs.cancel, made.runs.resume):
        with pytest.raises(Refused, match="run-ended"):
            await ask(run.id, "bruno")


async def test_a_run_that_waits_can_be_cancelled_before_it_begins(store: Store) -> None:
    made = await replica(store)
    first, second = await made.replay("anna"), await made.replay("anna", topic="routing.cases")

    await made.runs.cancel(second.id, "anna")
    await drive(made, "replay")

    found = [(await made.runs.read(run.id)).state for run in (first, second)]
    assert found == [State.DONE, State.CANCELLED]


@dataclass
class Counting:
    """A kind of run that counts to three, and meets what a test puts in its way."""

    made: DeadLetters
    ways: list[Exception] = field(default_factory=list)
    name: str = "counting"
    single: bool = False

    async def begin(self, asked: Asked) -> tuple[int | None, Raw]:
        return int(asked["to"] or 0), {"next": 1}

    async def chunk(self, run: Run) -> Run | None:
        assert run.cursor is not None
        if run.cursor["next"] > 3:
            return None
        if run.cursor["next"] == 2 and self.ways:
            raise self.ways.pop()
        after = run.further({"counted": 1}, {"next": run.cursor["next"] + 1}, self.made.clock())
        await self.made.session.transact(lambda tx: keep(tx, run, after))
        return after


async def counting(
    store: Store, clock: Clock, ways: Sequence[Exception]
) -> tuple[DeadLetters, Counting, Run]:
    made = await replica(store, clock)
    kind = Counting(made, list(ways))
    made.runs.kinds = {"counting": kind}
    return made, kind, await made.runs.start("counting", {"to": "3"}, "anna")


async def test_a_bug_is_tried_again_after_a_while_and_then_fails_the_run_with_its_reason(
    store: Store,
) -> None:
    clock = Clock()
    made, kind, run = await counting(store, clock, [RuntimeError("a bug")] * TRIES)
    looks = 0
    while (now := await made.runs.read(run.id)).state in (State.WAITING, State.RUNNING):
        assert (looks := looks + 1) < 100
        if not await made.runs.advance(kind):
            assert not await made.runs.advance(kind)  # not at once
            clock.now += LONGEST_WAIT

    assert (now.state, now.reason, now.counts) == (State.FAILED, "RuntimeError: a bug", {"counted": 1})
    assert kind.ways == []
    await made.runs.resume(run.id, "bruno")
    await drive(made, "counting")
    done = await made.runs.read(run.id)
    assert (done.state, done.counts, done.reason) == (State.DONE, {"counted": 3}, "")
    said = [(by, event) for by, event, _ in await events(made, run)]
    assert said == [("anna", "asked"), ("anna", "failed"), ("bruno", "resumed"), ("anna", "done")]


async def test_a_run_waits_while_the_store_is_away_and_never_fails_of_it(store: Store) -> None:
    made, _, run = await counting(store, Clock(), [Unavailable("away")] * 3 * TRIES)
    for _ in range(3 * TRIES):
        with pytest.raises(Unavailable):
            await drive(made, "counting")

    await drive(made, "counting")

    assert (await made.runs.read(run.id)).counts == {"counted": 3}


async def test_who_has_read_an_older_version_of_a_run_writes_nothing(store: Store) -> None:
    made, _, run = await counting(store, Clock(), [])
    later = run.further({"counted": 1}, {"next": 2}, NOW)
    await made.session.transact(lambda tx: keep(tx, run, later))

    with pytest.raises(Fenced):
        await made.session.transact(lambda tx: keep(tx, run, later))

    assert await made.runs.read(run.id) == later


async def test_a_run_that_ended_after_its_queue_was_read_does_not_end_again(store: Store) -> None:
    made = await replica(store)
    run = await made.replay("anna")
    await drive(made, "replay")
    await store.update(QUEUES, ["replay"], {"open": [run.id]}, {})  # as a process has read it before the end

    assert await made.runs.advance(made.runs.kinds["replay"]), "it reads the queue again"
    events = [row["details"]["event"] for row in await store.query(AUDIT, {}, [("at", 1)])]
    assert events == ["asked", "done"]


async def test_a_process_without_the_slot_leaves_a_run_alone(store: Store) -> None:
    owner, other = ShardLeases(store, "one", 8), ShardLeases(store, "two", 8)
    await owner.rebalance()
    made = [
        await open_dead_letters(store, unit_of_work(), slots, Clock(), lambda: None)
        for slots in (owner, other)
    ]
    run = await made[0].replay("anna")

    assert not await made[1].runs.advance(made[1].runs.kinds["replay"])
    assert (await made[1].runs.read(run.id)).state is State.WAITING
    await owner.release_all()  # as a lease that runs out
    await other.rebalance()
    while await made[1].runs.advance(made[1].runs.kinds["replay"]):
        pass
    assert (await made[1].runs.read(run.id)).state is State.DONE


async def test_all_of_a_key_is_given_up_however_much_it_is_and_nothing_that_comes_later(store: Store) -> None:
    session, records = await store.session(), 700
    for first in range(0, records, 350):
        inputs = [read(record(registered(1, "bug"), f"b{n}", n), 0) for n in range(first, first + 350)]
        await unit_of_work().run(session, inputs)
    made = await replica(store)
    run = await made.discard("anna", "sent by mistake", HEAD)

    await made.runs.advance(made.runs.kinds["discard"])
    await unit_of_work().run(session, [read(record(registered(1), "later", records), 0)])
    await until(made, run, 100)
    await drive(made, "discard")

    assert (await made.runs.read(run.id)).counts == {"discarded": records}
    [left] = await store.query(PARKED, {})
    assert left["offset"] == records
    kept = [one["_id"] for row in await made.audit(500) for one in row["details"].get("records", ())]
    assert len(kept) == len(set(kept)) == records
    assert [row["size"] for row in await store.query(PARKED_KEYS, {})] == [1]


async def test_several_people_may_ask_at_the_same_moment(store: Store) -> None:
    made = await replica(store)

    runs = await asyncio.gather(*(made.replay(f"person {n}") for n in range(20)))

    assert len({run.id for run in runs}) == 20
    assert len((await store.query(QUEUES, {}))[0]["open"]) == 20
