"""Replicas hear of each other's commits, when there are others, and only of what is theirs to do."""

import asyncio
from contextlib import suppress

from chassis.errors import Unavailable
from chassis.store.change_stream_waker import Neighbours
from chassis.store.memory import MemoryStore
from chassis.store.shard_leases import Slots


async def hearing(store: MemoryStore, members: int) -> tuple[Neighbours, list[str], "asyncio.Task[None]"]:
    slots, woken = Slots(store, "one", 4), list[str]()
    await slots.reclaim()
    del slots._held[3]
    slots.members = members
    neighbours = Neighbours(store, slots, woken.append)
    task = asyncio.create_task(neighbours.run())
    await asyncio.sleep(0.01)
    return neighbours, woken, task


async def test_what_others_commit_into_our_slots_wakes_the_loop_it_is_for() -> None:
    store = MemoryStore()
    neighbours, woken, task = await hearing(store, members=2)

    await store.insert_missing("outbox", [{"_id": "a", "slot": 0}, {"_id": "of others", "slot": 3}])
    await store.insert_missing("jobs", [{"_id": "b", "slot": 1}])
    await store.insert_missing("timers", [{"_id": "c", "slot": 2}])
    await store.insert_missing("reports", [{"_id": "d", "slot": 2}])

    assert neighbours.listening
    assert woken == ["relay", "jobs", "timers"]
    task.cancel()


async def test_alone_nobody_listens() -> None:
    store = MemoryStore()
    neighbours, woken, task = await hearing(store, members=1)

    await store.insert_missing("outbox", [{"_id": "a", "slot": 0}])

    assert not neighbours.listening
    assert woken == []
    task.cancel()


class Deaf(MemoryStore):
    """A store that cannot be followed."""

    async def follow(self, *_: object) -> None:
        raise Unavailable("database: away")


async def test_while_nothing_is_heard_it_is_not_said_that_it_is() -> None:
    neighbours, _, task = await hearing(Deaf(), members=2)

    assert not neighbours.listening
    assert not task.done()
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
