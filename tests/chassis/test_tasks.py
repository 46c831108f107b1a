"""Timers and jobs: one that cannot be done neither stops the others nor is forgotten."""

import asyncio
from collections import deque
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Self

import pytest
from tests.chassis.ledger import (
    NOW,
    REACTIONS,
    Print,
    WriteLine,
    a_store,
    record,
    registered,
    report_id,
    unit_of_work,
)

from chassis.consumer.records import read
from chassis.documents import Raw
from chassis.errors import Unavailable
from chassis.store.collections import PARKED
from chassis.store.memory import MemoryStore
from chassis.store.port import Store
from chassis.store.shard_leases import ShardLeases
from chassis.tasks.jobs import AT_ONCE, LONGEST_WAIT, RESTART_ATTEMPTS, TRIES, Jobs
from chassis.tasks.timers import Timers
from chassis.transaction.commands import RESULTS_TOGETHER, Commands
from chassis.transaction.inputs import Input, Outcome

LATER = NOW + timedelta(days=1)


async def all_slots(store: Store) -> ShardLeases:
    slots = ShardLeases(store, "one", 8)
    await slots.reclaim()
    return slots


async def open_pages(store: Store, *categories: str) -> None:
    inputs = [read(record(registered(n, name), f"e{n}", n), 0) for n, name in enumerate(categories)]
    await replace(unit_of_work(), clock=lambda: NOW).run(await store.session(), inputs)


async def lines(store: Store, report: int) -> list[str]:
    row = await store.get("pages", report_id(report))
    return list(row["state"]["lines"]) if row and row["state"] else []


async def test_a_timer_that_cannot_be_kept_is_parked_and_the_others_fire() -> None:
    store = await a_store()
    await open_pages(store, "lift", "cursed", "roof")
    timers = Timers(
        store, await all_slots(store), unit_of_work(), REACTIONS, lambda: LATER, await store.session()
    )

    await timers.fire()

    assert [await lines(store, n) for n in range(3)] == [
        ["lift", "reminded at 10:30"],
        ["cursed"],
        ["roof", "reminded at 10:30"],
    ]
    assert [row["reason"] for row in await store.query(PARKED, {})] == ["poison"]
    assert await store.count("timers", {"kind": "Remind"}) == 0


@dataclass
class Printer:
    """A worker that fails for some reports in a way that nobody has thought of."""

    broken: str
    tried: list[tuple[str, int]] = field(default_factory=list)

    async def work(self, job: Print, attempt: int) -> WriteLine:
        self.tried.append((job.report_id, attempt))
        if job.report_id == self.broken:
            raise KeyError("paper")
        return WriteLine(job.report_id, "printed")


async def test_a_worker_that_meets_a_bug_is_tried_again_and_then_its_job_is_parked_with_the_reason() -> None:
    store, printer = await a_store(), Printer(report_id(0))
    await open_pages(store, "lift", "roof")
    now = LATER

    def clock() -> datetime:
        return now

    engine = unit_of_work()
    commands = Commands(engine, engine.metrics, clock)
    serving = asyncio.create_task(commands.serve(await store.session()))
    workers = {Print: printer.work}
    slots, session = await all_slots(store), await store.session()
    jobs = Jobs(store, slots, commands, REACTIONS, workers, engine.metrics, engine.crash, clock, session)
    for _ in range(TRIES + 2):
        await jobs.start_due()
        await asyncio.gather(*jobs._running.values())
        now += timedelta(hours=1)
    serving.cancel()

    assert [attempt for report, attempt in printer.tried if report == report_id(0)] == list(
        range(1, TRIES + 1)
    )
    assert [attempt for report, attempt in printer.tried if report == report_id(1)] == [1]
    assert await lines(store, 1) == ["roof", "printed"]
    assert [(row["kind"], row["detail"]) for row in await store.query(PARKED, {})] == [
        ("Print", "KeyError: 'paper'")
    ]
    assert await store.count("jobs", {"kind": "Print"}) == 0


async def test_a_job_is_tried_every_second_while_a_service_restarts_and_then_ever_less_often() -> None:
    store, now, waits = await a_store(), LATER, list[float]()
    await open_pages(store, "lift")

    async def work(_: Print, attempt: int) -> None:
        raise Unavailable(f"away at attempt {attempt}")

    def clock() -> datetime:
        return now

    engine = unit_of_work()
    commands = Commands(engine, engine.metrics, clock)
    slots, session = await all_slots(store), await store.session()
    workers = {Print: work}
    jobs = Jobs(store, slots, commands, REACTIONS, workers, engine.metrics, engine.crash, clock, session)
    for _ in range(RESTART_ATTEMPTS + 12):
        jobs.look()
        await jobs.start_due()
        await asyncio.gather(*jobs._running.values())
        (row,) = await store.query("jobs", {"kind": "Print"})
        waits.append((row["due"] - now).total_seconds())
        now = row["due"] + timedelta(seconds=2)

    assert max(waits[:RESTART_ATTEMPTS]) <= 1.0
    assert all(0.5 * 2**n <= wait <= 2**n for n, wait in enumerate(waits[RESTART_ATTEMPTS:][:8], 1))
    assert LONGEST_WAIT / 2 <= waits[-1] <= LONGEST_WAIT


@pytest.mark.parametrize("ahead", [timedelta(hours=1), timedelta(days=365)])
async def test_a_job_of_a_clock_that_is_ahead_begins_and_a_postponed_one_waits(ahead: timedelta) -> None:
    store, printer = await a_store(), Printer("")
    session = await store.session()
    for n, clock in enumerate([NOW + ahead, NOW + timedelta(seconds=LONGEST_WAIT), NOW]):
        page = read(record(registered(n, "lift"), f"e{n}", n), 0)
        await replace(unit_of_work(), clock=partial(itself, clock)).run(session, [page])
    engine = unit_of_work()
    commands = Commands(engine, engine.metrics, partial(itself, NOW))
    serving = asyncio.create_task(commands.serve(await store.session()))
    slots, workers = await all_slots(store), {Print: printer.work}
    jobs = Jobs(
        store,
        slots,
        commands,
        REACTIONS,
        workers,
        engine.metrics,
        engine.crash,
        partial(itself, NOW),
        session,
    )

    await jobs.start_due()
    await asyncio.gather(*jobs._running.values())
    serving.cancel()

    assert sorted(report for report, _ in printer.tried) == sorted([report_id(0), report_id(2)])


def itself(time: datetime) -> datetime:
    """A clock that stands."""
    return time


@dataclass
class Press:
    """A worker that holds what it is given until it is let go."""

    begun: list[str] = field(default_factory=list)
    free: asyncio.Event = field(default_factory=asyncio.Event)

    async def work(self, job: Print, _: int) -> None:
        self.begun.append(job.report_id)
        await self.free.wait()


@dataclass
class PressRoom:
    """Many due jobs, of which so many have begun as may at once; some that were read wait for their turn."""

    jobs: Jobs
    press: Press
    seconds: list[float]

    @classmethod
    async def busy(cls) -> Self:
        store, press, seconds = await a_store(), Press(), [0.0]
        await open_pages(store, *(f"lift{n}" for n in range(AT_ONCE + 10)))
        slots = ShardLeases(store, "one", 8, monotonic=lambda: seconds[0])
        await slots.reclaim()
        engine = unit_of_work()
        commands = Commands(engine, engine.metrics, lambda: LATER)
        room = cls(
            Jobs(
                store,
                slots,
                commands,
                REACTIONS,
                {Print: press.work},
                engine.metrics,
                engine.crash,
                lambda: LATER,
                await store.session(),
            ),
            press,
            seconds,
        )
        await room.jobs.start_due()
        await asyncio.sleep(0)
        assert (len(press.begun), len(room.jobs._waiting)) == (AT_ONCE, 10)
        return room

    async def make_room(self) -> None:
        for task in list(self.jobs._running.values()):
            task.cancel()
        await asyncio.gather(*self.jobs._running.values(), return_exceptions=True)


async def test_what_was_read_begins_when_there_is_room_without_being_read_again() -> None:
    room = await PressRoom.busy()
    waiting = [row["_id"] for row, _ in room.jobs._waiting]
    await room.make_room()
    await room.jobs.store.delete("jobs", waiting)  # so that a second read would not find them

    await room.jobs.start_due()
    await asyncio.sleep(0)

    assert len(room.press.begun) == len(set(room.press.begun)) == AT_ONCE + 10


async def test_what_was_read_under_a_lease_that_was_given_back_does_not_begin() -> None:
    room = await PressRoom.busy()
    await room.make_room()
    room.jobs.shard_leases._held.clear()

    await room.jobs.start_due()
    await asyncio.sleep(0)

    assert len(room.press.begun) == AT_ONCE


async def test_after_a_read_that_failed_jobs_of_others_are_read_also_while_some_were_handed_over() -> None:
    scene = await Offering.opened()
    store = scene.jobs.store
    scene.jobs.look()
    scene.jobs.store = Away()
    with pytest.raises(Unavailable):
        await scene.jobs.start_due()
    scene.jobs.store = store
    await store.insert_missing("jobs", scene.rows)

    scene.jobs.offer(scene.rows[:1], scene.seconds[0])
    assert await scene.begun() == 2


class Away(MemoryStore):
    """A store that does not answer queries."""

    async def query(self, *_: Any, **__: Any) -> list[Raw]:
        raise Unavailable("database: away")


async def passed_around(leases: ShardLeases) -> None:
    """Another process has the shards for a moment."""
    for slot in leases.owned():
        name = f"slot/{slot:03d}"
        await leases.store.release(name, leases.instance)
        assert await leases.store.lease(name, "two", 10.0) is not None
        await leases.store.release(name, "two")
    await leases.rebalance()


async def test_what_was_read_before_somebody_else_had_the_shard_does_not_begin_unread() -> None:
    room = await PressRoom.busy()
    await room.make_room()
    room.seconds[0] += 1
    await passed_around(room.jobs.shard_leases)
    assert len(room.jobs.shard_leases.accepting()) == 8

    await room.jobs.start_due()
    await asyncio.sleep(0)
    assert len(room.press.begun) == AT_ONCE

    room.seconds[0] += 1
    await room.jobs.start_due()
    await asyncio.sleep(0)
    assert len(room.press.begun) > AT_ONCE, "read again, it begins"


@dataclass
class Offering:
    """A process with two jobs that it has committed itself; no read finds them, so what begins was handed over."""

    jobs: Jobs
    press: Press
    rows: list[Raw]
    seconds: list[float]

    @classmethod
    async def opened(cls) -> Self:
        room = await PressRoom.busy()
        await room.jobs.stop(0.01)
        store, press, leases = await a_store(), Press(), room.jobs.shard_leases
        await open_pages(store, "lift", "roof")
        jobs = replace(room.jobs, store=store, workers={Print: press.work}, _stopping=False)
        jobs._running, jobs._waiting, jobs._begun = {}, deque(), {}
        rows = await store.query("jobs", {})
        await store.delete("jobs", [row["_id"] for row in rows])
        jobs._more, jobs.shard_leases = False, leases
        return cls(jobs, press, rows, room.seconds)

    async def begun(self) -> int:
        await self.jobs.start_due()
        await asyncio.sleep(0)
        return len(self.press.begun)


async def test_a_job_of_our_own_begins_without_being_read_and_once() -> None:
    scene = await Offering.opened()

    scene.jobs.offer(scene.rows[:1], scene.seconds[0])
    scene.jobs.offer(scene.rows, scene.seconds[0])
    assert await scene.begun() == 2

    scene.jobs.offer(scene.rows, scene.seconds[0])  # its commit is answered late
    assert await scene.begun() == 2


async def test_a_job_that_was_handed_over_before_somebody_else_had_the_shard_is_read_instead() -> None:
    scene = await Offering.opened()
    scene.jobs.offer(scene.rows, scene.seconds[0])
    scene.seconds[0] += 1
    await passed_around(scene.jobs.shard_leases)
    assert await scene.begun() == 0

    scene.jobs.offer(scene.rows, scene.seconds[0] - 0.5)  # committed by a unit of work from before
    assert await scene.begun() == 0

    scene.jobs.offer(scene.rows, scene.seconds[0])
    assert await scene.begun() == 2


async def test_jobs_are_handed_over_when_they_are_due_and_nothing_waits_before_them() -> None:
    scene = await Offering.opened()
    later = [row | {"due": LATER + timedelta(hours=1)} for row in scene.rows]
    scene.jobs.offer(later, scene.seconds[0])
    assert await scene.begun() == 0

    scene.jobs._more = True
    scene.jobs.offer(scene.rows, scene.seconds[0])
    assert not scene.jobs._waiting


async def test_jobs_of_others_are_read_also_while_some_were_handed_over() -> None:
    scene = await Offering.opened()
    await scene.jobs.store.insert_missing("jobs", scene.rows)
    scene.jobs.offer(scene.rows[:1], scene.seconds[0])
    scene.jobs.look()
    assert await scene.begun() == 2


async def all_begun(room: PressRoom) -> int:
    await room.jobs.start_due()
    await asyncio.sleep(0)
    return len(room.press.begun)


async def test_what_is_told_to_stop_begins_nothing_more_and_lets_end_what_has_begun() -> None:
    room = await PressRoom.busy()
    stopping = asyncio.create_task(room.jobs.stop(60.0))
    await asyncio.sleep(0)
    assert not stopping.done()

    room.press.free.set()
    serving = asyncio.create_task(room.jobs.commands.serve(await room.jobs.store.session()))
    await stopping

    assert await all_begun(room) == AT_ONCE
    assert await room.jobs.store.count("jobs", {}) == 10
    serving.cancel()


async def test_what_does_not_end_in_time_is_cut_off_and_over_when_stop_returns() -> None:
    room = await PressRoom.busy()

    await room.jobs.stop(0.01)

    assert not room.jobs._running
    assert await room.jobs.store.count("jobs", {}) == AT_ONCE + 10


async def test_a_slot_goes_to_another_process_when_nothing_runs_in_it_any_more() -> None:
    room = await PressRoom.busy()
    old, store = room.jobs.shard_leases, room.jobs.store
    new = ShardLeases(store, "two", 8, monotonic=lambda: room.seconds[0])
    await new.reclaim()
    used = old.in_use()
    assert len(used) > 4

    await old.rebalance()
    await new.rebalance()
    assert used <= set(old.owned())  # the relay goes on with what cannot leave yet
    assert not used & set(new.owned())

    await room.make_room()
    await old.rebalance()
    await new.rebalance()
    assert (len(old.owned()), len(new.owned())) == (4, 4)


async def test_in_a_slot_that_is_about_to_leave_nothing_begins() -> None:
    room = await PressRoom.busy()
    slots = room.jobs.shard_leases
    await ShardLeases(room.jobs.store, "two", 8, monotonic=lambda: room.seconds[0]).reclaim()
    await slots.rebalance()
    await room.make_room()
    waiting = {row["slot"] for row, _ in room.jobs._waiting}
    assert waiting & slots._releasing, "a room in which the case happens"

    await room.jobs.start_due()

    assert slots.in_use() == waiting & set(slots.accepting())


@dataclass
class OnceAway(Commands):
    """Commands whose store is away the first time that something is told."""

    refused: set[str] = field(default_factory=set)

    async def submit(self, item: Input) -> Outcome:
        if item.id not in self.refused:
            self.refused.add(item.id)
            raise Unavailable("store: away")
        return await super().submit(item)


async def test_a_result_that_meets_an_absent_store_is_told_again_and_not_worked_for_again() -> None:
    room = await PressRoom.busy()
    given = room.jobs.commands
    commands = room.jobs.commands = OnceAway(given.unit_of_work, given.metrics, given.clock)
    serving = asyncio.create_task(commands.serve(await room.jobs.store.session()))
    room.press.free.set()

    await asyncio.gather(*room.jobs._running.values())
    serving.cancel()

    assert len(commands.refused) == len(room.press.begun) == AT_ONCE
    assert await room.jobs.store.count("jobs", {}) == 10


async def test_a_timer_is_known_before_it_is_due_and_fires_at_its_time() -> None:
    store = await a_store()
    await open_pages(store, "lift")
    (row,) = await store.query("timers", {})
    now: datetime = row["due"] - timedelta(seconds=1)

    def clock() -> datetime:
        return now

    timers = Timers(store, await all_slots(store), unit_of_work(), REACTIONS, clock, await store.session())
    assert timers.is_soon([row])
    assert not timers.is_soon([row | {"due": row["due"] + timedelta(hours=1)}])

    assert timers.pause(2.0) == 2.0
    await timers.fire()
    assert (await lines(store, 0), timers.pause(2.0)) == (["lift"], 1.0)
    now = row["due"]
    await timers.fire()

    assert await lines(store, 0) == ["lift", "reminded at 10:30"]
    assert timers.pause(2.0) == 2.0


async def test_results_of_jobs_that_end_together_are_committed_together() -> None:
    store, engine, printer = await a_store(), unit_of_work(), Printer("")
    await open_pages(store, "lift", "roof", "door")
    committed: list[int] = []
    engine.woken = lambda effects, _: committed.append(len(effects.finished_jobs))
    results = Commands.for_results(engine, engine.metrics, lambda: LATER)
    serving = asyncio.create_task(results.serve(await store.session()))
    workers, slots, session = {Print: printer.work}, await all_slots(store), await store.session()
    jobs = Jobs(
        store, slots, results, REACTIONS, workers, engine.metrics, engine.crash, lambda: LATER, session
    )

    await jobs.start_due()
    await asyncio.gather(*jobs._running.values())
    assert committed == [3]

    names = [f"lift{n}" for n in range(3 + RESULTS_TOGETHER)]
    results.linger = 3_600.0
    await open_pages(store, *names)
    await jobs.start_due()
    await asyncio.gather(*jobs._running.values())
    serving.cancel()
    assert sum(committed) == len(names), "nobody waits for more than are enough"
