"""Replicas hear of each other's commits, when there are others, and only of what is theirs to do."""

import asyncio
from contextlib import suppress

from chassis.errors import Unavailable
from chassis.store.change_stream_waker import ChangeStreamWaker
from chassis.store.memory import MemoryStore
from chassis.store.shard_leases import ShardLeases


async def hearing(
    store: MemoryStore, members: int
) -> tuple[ChangeStreamWaker, list[str], "asyncio.Task[None]"]:
    slots, woken = ShardLeases(store, "one", 4), list[str]()
    await slots.reclaim()
    del slots._held[3]
    slots.members = members
    waker = ChangeStreamWaker(store, slots, woken.append)
    task = asyncio.create_task(waker.run())
    await asyncio.sleep(0.01)
    return waker, woken, task


async def test_what_others_commit_into_our_slots_wakes_the_loop_it_is_for() -> None:
    store = MemoryStore()
    waker, woken, task = await hearing(store, members=2)

    await store.insert_missing("outbox", [{"_id": "a", "slot": 0}, {"_id": "of others", "slot": 3}])
    await store.insert_missing("jobs", [{"_id": "b", "slot": 1}])
    await store.insert_missing("timers", [{"_id": "c", "slot": 2}])
    await store.insert_missing("reports", [{"_id": "d", "slot": 2}])

    assert waker.listening
    assert woken == ["relay", "jobs", "timers"]
    task.cancel()


async def test_alone_nobody_listens() -> None:
    store = MemoryStore()
    waker, woken, task = await hearing(store, members=1)

    await store.insert_missing("outbox", [{"_id": "a", "slot": 0}])

    assert not waker.listening
    assert woken == []
    task.cancel()


class Deaf(MemoryStore):
    """A store that cannot be followed."""

    async def follow(self, *_: object) -> None:
        raise Unavailable("database: away")


async def test_while_nothing_is_heard_it_is_not_said_that_it_is() -> None:
    waker, _, task = await hearing(Deaf(), members=2)

    assert not waker.listening
    assert not task.done()
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
