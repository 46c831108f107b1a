"""Replays: what was parked goes through the turn again, in its order, and leaves when it is handled."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from chassis.clock import Clock
from chassis.consumer.raw_fetch import Unreadable
from chassis.consumer.records import contents, read
from chassis.errors import Conflict, Early, Unavailable
from chassis.store.collections import HEADS, OUTBOX, PARKED
from chassis.store.port import Lane, Store, Transaction
from chassis.transaction.inputs import Ending, Input, Outcome
from chassis.transaction.outbox_rows import stall_row
from chassis.transaction.parked import Head, record_of, resumed
from chassis.transaction.unit_of_work import ATTEMPTS, Step, Turns

TOGETHER = 100
Also = Callable[[Transaction, Outcome | None, int], Awaitable[None]]
GONE = (Ending.DONE, Ending.IGNORED, Ending.AGAIN, Ending.UNKNOWN)


class _Still(Exception):
    """The record cannot be handled yet: the transaction that took it off its queue is undone."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(outcome.ending.value)
        self.outcome = outcome


@dataclass
class Replays:
    """Replays parked keys; a key's head is written by whoever parks and whoever replays, so they never cross."""

    group: str
    store: Store
    turns: Turns
    lane: Lane
    clock: Clock
    _one_at_a_time: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def release(self) -> bool:
        """Replay the keys whose awaited document has come, a bounded number of records; true when there is more to do."""
        heads = await self.store.query(HEADS, {"ready": True}, [("_id", 1)], TOGETHER)
        left = TOGETHER
        for head in heads:
            left -= len(await self.replay(head["_id"], left))
            if left <= 0:
                return True
        return False

    async def replay(self, head_id: str, most: int = 0) -> list[Outcome]:
        """Run the records of one parked key again, in order, up to the first that still cannot be handled; 0 means all."""
        ended: list[Outcome] = []
        while not most or len(ended) < most:
            outcome = await self.first(head_id)
            if outcome is None:
                return ended
            ended.append(outcome)
            if outcome.ending not in GONE:
                return ended
        return ended

    async def first(self, head_id: str, also: Also | None = None) -> Outcome | None:
        """Run the first record of a parked key again; None when nothing waits under it.

        `also` is called in the transaction that writes how it ended: with None and how many are handled where the record
        leaves (a batch may hold several), with the outcome and 0 where it stays.
        """
        async with self._one_at_a_time:
            rows = await self.store.query(PARKED, {"head": head_id}, [("_id", 1)], 1)
            if not rows:
                return None
            row, also = rows[0], also or _nothing
            record = record_of(row)
            item = read(record, int(row["parked_at"].timestamp() * 1000))
            if record.opaque:
                return await self._unpack(head_id, row["_id"], item, also)
            return await self._once(head_id, row["_id"], replace(item, replayed=True), also)

    async def _unpack(self, head_id: str, parked_id: str, batch: Input, also: Also) -> Outcome:
        """Handle the records of a batch that can be read now as if they had just come, each under its own key.

        One transaction each: what is done or parked has its receipt, so after a crash the batch is begun again.
        """
        assert batch.record is not None
        try:
            inputs = contents(batch.record)
        except Unreadable as unreadable:
            return await self._stay(head_id, Outcome(batch, Ending.PARKED, error=unreadable), also)
        ended = [outcome for item in inputs for outcome in await self.turns.run(self.lane, [item])]
        handled = sum(outcome.ending in GONE for outcome in ended)
        await self._write(lambda tx: self._leave(tx, head_id, parked_id, also, handled))
        return Outcome(batch, Ending.DONE)

    async def _once(self, head_id: str, parked_id: str, item: Input, also: Also) -> Outcome:
        def must_go(outcomes: Sequence[Outcome]) -> None:
            if outcomes[0].ending not in GONE:
                raise _Still(outcomes[0])

        async def leave(tx: Transaction) -> None:
            await self._leave(tx, head_id, parked_id, also)

        try:
            return (await self.turns.run(self.lane, [item], leave, must_go))[0]
        except _Still as still:
            return await self._stay(head_id, still.outcome, also)

    async def _leave(
        self, tx: Transaction, head_id: str, parked_id: str, also: Also, handled: int = 1
    ) -> None:
        await take_off(tx, self.turns, head_id, [parked_id], self.clock())
        await also(tx, None, handled)

    async def _stay(self, head_id: str, outcome: Outcome, also: Also) -> Outcome:
        awaited = outcome.error if isinstance(outcome.error, Early) else None

        async def stay(tx: Transaction) -> None:
            await _stays(tx, head_id, awaited)
            await also(tx, outcome, 0)

        await self._write(stay)
        return outcome

    async def _write(self, step: Step) -> None:
        for _ in range(ATTEMPTS):
            try:
                await self.lane.transact(step)
            except Conflict:
                await asyncio.sleep(random.uniform(0, 0.1))
                continue
            return
        raise Unavailable(f"{ATTEMPTS} conflicts in a row")


async def _nothing(_: Transaction, __: Outcome | None, ___: int) -> None:
    """Nothing is written beside."""


async def take_off(
    tx: Transaction, turns: Turns, head_id: str, parked_ids: Sequence[str], now: datetime
) -> None:
    """Take records off a parked key's queue, and say so when nothing waits under it any more.

    Raises Conflict when one of them is gone already.
    """
    raw = (await tx.find(HEADS, [head_id])).get(head_id)
    if raw is None or await tx.delete(PARKED, parked_ids) != len(parked_ids):
        raise Conflict(f"{head_id}: a record is gone")
    head = Head.read(head_id, raw["topic"], raw["key"], raw)
    head.size -= len(parked_ids)
    head.ready = head.size > 0 and head.ready
    if head.size == 0:
        head.awaits, head.since = "", None
        fact = resumed(head, turns.service)
        await tx.insert(OUTBOX, [stall_row(turns.service, turns.slots, head, fact, now)])
    await tx.replace(HEADS, [({"_id": head_id, "version": head.version}, head.raw())])


async def _stays(tx: Transaction, head_id: str, awaited: Early | None) -> None:
    raw = (await tx.find(HEADS, [head_id])).get(head_id)
    if raw is not None:
        head = Head.read(head_id, raw["topic"], raw["key"], raw)
        head.ready = False
        if awaited is not None:
            head.awaits = f"{awaited.collection}/{awaited.id}"
            head.ready = await _has_come(tx, awaited, head_id)
        await tx.replace(HEADS, [({"_id": head_id, "version": head.version}, head.raw())])


async def _has_come(tx: Transaction, awaited: Early, head_id: str) -> bool:
    """Whether the document is there now; if not, whoever writes it will release the key."""
    row = (await tx.find(awaited.collection, [awaited.id])).get(awaited.id)
    if row is None:
        fresh = {"_id": awaited.id, "version": 1, "state": None, "awaited": [head_id]}
        await tx.insert(awaited.collection, [fresh])
        return False
    if row["state"] is not None:
        return True
    names = list(dict.fromkeys([*row.get("awaited", ()), head_id]))
    after = row | {"version": row["version"] + 1, "awaited": names}
    await tx.replace(awaited.collection, [({"_id": awaited.id, "version": row["version"]}, after)])
    return False
