"""The safety poll finds what nobody told this process about, in every queue, and only what is for this process and due."""

from collections.abc import Sequence
from datetime import timedelta

import pytest
from tests.chassis.ledger import NOW

from chassis.documents import Raw
from chassis.runtime.safety_poll import LOOPS, RECENT, SafetyPoll
from chassis.store.collections import JOBS, OUTBOX, PARKED_KEYS, QUEUES, TIMERS
from chassis.store.memory import MemoryStore
from chassis.store.shard_leases import ShardLeases
from chassis.tasks.loops import Loop
from chassis.tasks.timers import SOON

OURS, THEIRS, LATER = 0, 8, timedelta(minutes=1)


async def told(rows: Sequence[tuple[str, Raw]], busy: Sequence[str] = ()) -> list[str]:
    """The loops that are told after these rows were stored, while some loops have just run."""
    store = MemoryStore()
    leases = ShardLeases(store, "one", THEIRS)
    await leases.reclaim()
    for collection, row in rows:
        await store.insert_missing(collection, [{"_id": "one", **row}])

    async def step() -> bool:
        return False

    loops = {name: Loop(name, step, 60) for name in LOOPS.values()}
    for name, loop in loops.items():
        loop.beat -= 0 if name in busy else 2 * RECENT
    names: list[str] = []
    await SafetyPoll(store, leases, lambda: NOW, loops, names.append).look()
    return sorted(names)


DUE: list[tuple[str, Raw]] = [
    (OUTBOX, {"slot": OURS, "stamp": 5}),
    (TIMERS, {"slot": OURS, "due": NOW + SOON}),
    (JOBS, {"slot": OURS, "due": NOW}),
    (PARKED_KEYS, {"ready": True}),
    (QUEUES, {"open": ["a run"]}),
]


@pytest.mark.parametrize("one", DUE, ids=[name for name, _ in DUE])
async def test_what_is_due_in_a_queue_wakes_its_loop_and_no_other(one: tuple[str, Raw]) -> None:
    assert await told([one]) == [LOOPS[one[0]]]


async def test_a_loop_that_has_just_run_is_not_asked_for() -> None:
    assert await told(DUE, busy=["relay", "jobs"]) == ["replays", "runs", "timers"]
    assert await told(DUE, busy=list(LOOPS.values())) == []


async def test_what_is_not_due_or_not_ours_wakes_nobody() -> None:
    rows: list[tuple[str, Raw]] = [
        (OUTBOX, {"sent_slot": OURS, "stamp": 5}),
        (TIMERS, {"slot": OURS, "due": NOW + LATER}),
        (JOBS, {"slot": THEIRS, "due": NOW}),
        (PARKED_KEYS, {"ready": False}),
        (QUEUES, {"open": []}),
    ]
    assert await told(rows) == []
    assert await told([(TIMERS, {"slot": THEIRS, "due": NOW}), (OUTBOX, {"slot": THEIRS, "stamp": 5})]) == []
