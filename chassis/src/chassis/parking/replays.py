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
from chassis.store.collections import OUTBOX, PARKED, PARKED_KEYS
from chassis.store.port import Store, StoreSession, Transaction
from chassis.transaction.inputs import Input, Outcome, Result
from chassis.transaction.outbox_rows import stall_row
from chassis.transaction.parked import ParkedKey, record_of, resumed
from chassis.transaction.unit_of_work import ATTEMPTS, Step, UnitOfWork

TOGETHER = 100
Also = Callable[[Transaction, Outcome | None, int], Awaitable[None]]
GONE = (Result.DONE, Result.IGNORED, Result.AGAIN, Result.UNKNOWN)


class _Still(Exception):
    """The record cannot be handled yet: the transaction that took it off its queue is undone."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(outcome.result.value)
        self.outcome = outcome


@dataclass
class Replays:
    """Replays parked keys; a key's head is written by whoever parks and whoever replays, so they never cross."""

    group: str
    store: Store
    unit_of_work: UnitOfWork
    session: StoreSession
    clock: Clock
    _one_at_a_time: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def release(self) -> bool:
        """Replay the keys whose awaited document has come, a bounded number of records; true when there is more to do."""
        parked_keys = await self.store.query(PARKED_KEYS, {"ready": True}, [("_id", 1)], TOGETHER)
        left = TOGETHER
        for parked_key in parked_keys:
            left -= len(await self.replay(parked_key["_id"], left))
            if left <= 0:
                return True
        return False

    async def replay(self, parked_key_id: str, most: int = 0) -> list[Outcome]:
        """Run the records of one parked key again, in order, up to the first that still cannot be handled; 0 means all."""
        ended: list[Outcome] = []
        while not most or len(ended) < most:
            outcome = await self.first(parked_key_id)
            if outcome is None:
                return ended
            ended.append(outcome)
            if outcome.result not in GONE:
                return ended
        return ended

    async def first(self, parked_key_id: str, also: Also | None = None) -> Outcome | None:
        """Run the first record of a parked key again; None when nothing waits under it.

        `also` is called in the transaction that writes how it ended: with None and how many are handled where the record
        leaves (a batch may hold several), with the outcome and 0 where it stays.
        """
        async with self._one_at_a_time:
            rows = await self.store.query(PARKED, {"head": parked_key_id}, [("_id", 1)], 1)
            if not rows:
                return None
            row, also = rows[0], also or _nothing
            record = record_of(row)
            item = read(record, int(row["parked_at"].timestamp() * 1000))
            if record.opaque:
                return await self._unpack(parked_key_id, row["_id"], item, also)
            return await self._once(parked_key_id, row["_id"], replace(item, replayed=True), also)

    async def _unpack(self, parked_key_id: str, parked_id: str, batch: Input, also: Also) -> Outcome:
        """Handle the records of a batch that can be read now as if they had just come, each under its own key.

        One transaction each: what is done or parked has its receipt, so after a crash the batch is begun again.
        """
        assert batch.record is not None
        try:
            inputs = contents(batch.record)
        except Unreadable as unreadable:
            return await self._stay(parked_key_id, Outcome(batch, Result.PARKED, error=unreadable), also)
        ended = [outcome for item in inputs for outcome in await self.unit_of_work.run(self.session, [item])]
        handled = sum(outcome.result in GONE for outcome in ended)
        await self._write(lambda tx: self._leave(tx, parked_key_id, parked_id, also, handled))
        return Outcome(batch, Result.DONE)

    async def _once(self, parked_key_id: str, parked_id: str, item: Input, also: Also) -> Outcome:
        def must_go(outcomes: Sequence[Outcome]) -> None:
            if outcomes[0].result not in GONE:
                raise _Still(outcomes[0])

        async def leave(tx: Transaction) -> None:
            await self._leave(tx, parked_key_id, parked_id, also)

        try:
            return (await self.unit_of_work.run(self.session, [item], leave, must_go))[0]
        except _Still as still:
            return await self._stay(parked_key_id, still.outcome, also)

    async def _leave(
        self, tx: Transaction, parked_key_id: str, parked_id: str, also: Also, handled: int = 1
    ) -> None:
        await take_off(tx, self.unit_of_work, parked_key_id, [parked_id], self.clock())
        await also(tx, None, handled)

    async def _stay(self, parked_key_id: str, outcome: Outcome, also: Also) -> Outcome:
        awaited = outcome.error if isinstance(outcome.error, Early) else None

        async def stay(tx: Transaction) -> None:
            await _stays(tx, parked_key_id, awaited)
            await also(tx, outcome, 0)

        await self._write(stay)
        return outcome

    async def _write(self, step: Step) -> None:
        for _ in range(ATTEMPTS):
            try:
                await self.session.transact(step)
            except Conflict:
                await asyncio.sleep(random.uniform(0, 0.1))
                continue
            return
        raise Unavailable(f"{ATTEMPTS} conflicts in a row")


async def _nothing(_: Transaction, __: Outcome | None, ___: int) -> None:
    """Nothing is written beside."""


async def take_off(
    tx: Transaction, unit_of_work: UnitOfWork, parked_key_id: str, parked_ids: Sequence[str], now: datetime
) -> None:
    """Take records off a parked key's queue, and say so when nothing waits under it any more.

    Raises Conflict when one of them is gone already.
    """
    raw = (await tx.find(PARKED_KEYS, [parked_key_id])).get(parked_key_id)
    if raw is None or await tx.delete(PARKED, parked_ids) != len(parked_ids):
        raise Conflict(f"{parked_key_id}: a record is gone")
    parked_key = ParkedKey.read(parked_key_id, raw["topic"], raw["key"], raw)
    parked_key.size -= len(parked_ids)
    parked_key.ready = parked_key.size > 0 and parked_key.ready
    if parked_key.size == 0:
        parked_key.awaits, parked_key.since = "", None
        fact = resumed(parked_key, unit_of_work.service)
        await tx.insert(OUTBOX, [stall_row(unit_of_work.service, unit_of_work.slots, parked_key, fact, now)])
    await tx.replace(PARKED_KEYS, [({"_id": parked_key_id, "version": parked_key.version}, parked_key.raw())])


async def _stays(tx: Transaction, parked_key_id: str, awaited: Early | None) -> None:
    raw = (await tx.find(PARKED_KEYS, [parked_key_id])).get(parked_key_id)
    if raw is not None:
        parked_key = ParkedKey.read(parked_key_id, raw["topic"], raw["key"], raw)
        parked_key.ready = False
        if awaited is not None:
            parked_key.awaits = f"{awaited.collection}/{awaited.id}"
            parked_key.ready = await _has_come(tx, awaited, parked_key_id)
        await tx.replace(
            PARKED_KEYS, [({"_id": parked_key_id, "version": parked_key.version}, parked_key.raw())]
        )


async def _has_come(tx: Transaction, awaited: Early, parked_key_id: str) -> bool:
    """Whether the document is there now; if not, whoever writes it will release the key."""
    row = (await tx.find(awaited.collection, [awaited.id])).get(awaited.id)
    if row is None:
        fresh = {"_id": awaited.id, "version": 1, "state": None, "awaited": [parked_key_id]}
        await tx.insert(awaited.collection, [fresh])
        return False
    if row["state"] is not None:
        return True
    names = list(dict.fromkeys([*row.get("awaited", ()), parked_key_id]))
    after = row | {"version": row["version"] + 1, "awaited": names}
    await tx.replace(awaited.collection, [({"_id": awaited.id, "version": row["version"]}, after)])
    return False
