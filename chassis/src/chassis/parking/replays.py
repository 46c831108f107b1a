"""Replays: parked records are handled again through the unit of work, in order, and removed once handled."""

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
Extra = Callable[[Transaction, Outcome | None, int], Awaitable[None]]
GONE = (Result.DONE, Result.IGNORED, Result.AGAIN, Result.UNKNOWN)


class _NotHandled(Exception):
    """The record still cannot be handled: aborts the transaction that would have removed it."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(outcome.result.value)
        self.outcome = outcome


@dataclass
class Replays:
    """Replays parked keys; parking and replaying both write the parked key's document, so they never interleave."""

    group: str
    store: Store
    unit_of_work: UnitOfWork
    session: StoreSession
    clock: Clock
    _one_at_a_time: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def release(self) -> bool:
        """Replay the keys whose awaited document exists, a bounded number of records; returns whether there is more to do."""
        parked_keys = await self.store.query(PARKED_KEYS, {"ready": True}, [("_id", 1)], TOGETHER)
        left = TOGETHER
        for parked_key in parked_keys:
            left -= len(await self.replay(parked_key["_id"], left))
            if left <= 0:
                return True
        return False

    async def replay(self, parked_key_id: str, most: int = 0) -> list[Outcome]:
        """Handle the records of one parked key again, in order, up to the first that still fails; 0 means no limit."""
        ended: list[Outcome] = []
        while not most or len(ended) < most:
            outcome = await self.replay_first(parked_key_id)
            if outcome is None:
                return ended
            ended.append(outcome)
            if outcome.result not in GONE:
                return ended
        return ended

    async def replay_first(self, parked_key_id: str, extra: Extra | None = None) -> Outcome | None:
        """Handle the first record of a parked key again; None when nothing is parked under it.

        `extra` runs in the transaction that writes the outcome: with None and the number of handled records when the record is removed
        (a batch may hold several), with the outcome and 0 when it stays.
        """
        async with self._one_at_a_time:
            rows = await self.store.query(PARKED, {"head": parked_key_id}, [("_id", 1)], 1)
            if not rows:
                return None
            row, extra = rows[0], extra or _nothing
            record = record_of(row)
            item = read(record, int(row["parked_at"].timestamp() * 1000))
            if record.opaque:
                return await self._unpack(parked_key_id, row["_id"], item, extra)
            return await self._once(parked_key_id, row["_id"], replace(item, replayed=True), extra)

    async def _unpack(self, parked_key_id: str, parked_id: str, batch: Input, extra: Extra) -> Outcome:
        """Handle the records of a batch that is readable now as if they had just arrived, each under its own key.

        Each has its own transaction and receipt, so after a crash the batch is started again.
        """
        assert batch.record is not None
        try:
            inputs = contents(batch.record)
        except Unreadable as unreadable:
            return await self._keep_parked(
                parked_key_id, Outcome(batch, Result.PARKED, error=unreadable), extra
            )
        ended = [outcome for item in inputs for outcome in await self.unit_of_work.run(self.session, [item])]
        handled = sum(outcome.result in GONE for outcome in ended)
        await self._write(lambda tx: self._leave(tx, parked_key_id, parked_id, extra, handled))
        return Outcome(batch, Result.DONE)

    async def _once(self, parked_key_id: str, parked_id: str, item: Input, extra: Extra) -> Outcome:
        def must_go(outcomes: Sequence[Outcome]) -> None:
            if outcomes[0].result not in GONE:
                raise _NotHandled(outcomes[0])

        async def leave(tx: Transaction) -> None:
            await self._leave(tx, parked_key_id, parked_id, extra)

        try:
            return (await self.unit_of_work.run(self.session, [item], leave, must_go))[0]
        except _NotHandled as error:
            return await self._keep_parked(parked_key_id, error.outcome, extra)

    async def _leave(
        self, tx: Transaction, parked_key_id: str, parked_id: str, extra: Extra, handled: int = 1
    ) -> None:
        await remove_parked(tx, self.unit_of_work, parked_key_id, [parked_id], self.clock())
        await extra(tx, None, handled)

    async def _keep_parked(self, parked_key_id: str, outcome: Outcome, extra: Extra) -> Outcome:
        awaited = outcome.error if isinstance(outcome.error, Early) else None

        async def stay(tx: Transaction) -> None:
            await _keep_key(tx, parked_key_id, awaited)
            await extra(tx, outcome, 0)

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
    """Write nothing extra."""


async def remove_parked(
    tx: Transaction, unit_of_work: UnitOfWork, parked_key_id: str, parked_ids: Sequence[str], now: datetime
) -> None:
    """Remove records from a parked key's queue, and publish the end of the stall when the queue is empty.

    Raises Conflict when one of them no longer exists.
    """
    raw = (await tx.find(PARKED_KEYS, [parked_key_id])).get(parked_key_id)
    if raw is None or await tx.delete(PARKED, parked_ids) != len(parked_ids):
        raise Conflict(f"{parked_key_id}: a record no longer exists")
    parked_key = ParkedKey.read(parked_key_id, raw["topic"], raw["key"], raw)
    parked_key.size -= len(parked_ids)
    parked_key.ready = parked_key.size > 0 and parked_key.ready
    if parked_key.size == 0:
        parked_key.awaits, parked_key.since = "", None
        fact = resumed(parked_key, unit_of_work.service)
        await tx.insert(OUTBOX, [stall_row(unit_of_work.service, unit_of_work.slots, parked_key, fact, now)])
    await tx.replace(PARKED_KEYS, [({"_id": parked_key_id, "version": parked_key.version}, parked_key.raw())])


async def _keep_key(tx: Transaction, parked_key_id: str, awaited: Early | None) -> None:
    raw = (await tx.find(PARKED_KEYS, [parked_key_id])).get(parked_key_id)
    if raw is not None:
        parked_key = ParkedKey.read(parked_key_id, raw["topic"], raw["key"], raw)
        parked_key.ready = False
        if awaited is not None:
            parked_key.awaits = f"{awaited.collection}/{awaited.id}"
            parked_key.ready = await _has_arrived(tx, awaited, parked_key_id)
        await tx.replace(
            PARKED_KEYS, [({"_id": parked_key_id, "version": parked_key.version}, parked_key.raw())]
        )


async def _has_arrived(tx: Transaction, awaited: Early, parked_key_id: str) -> bool:
    """Whether the document exists now; if not, the write that creates it will release the key."""
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
