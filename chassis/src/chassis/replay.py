"""Replays: what was parked goes through the turn again, in its order, and leaves when it is handled."""

from collections.abc import Sequence
from dataclasses import dataclass

from chassis.errors import Conflict
from chassis.inputs import Ending, Input, Outcome
from chassis.parking import HEADS, PARKED, Head, record_of
from chassis.records import read
from chassis.store import Lane, Store, Transaction
from chassis.turn import Turns

TOGETHER = 100
GONE = (Ending.DONE, Ending.IGNORED, Ending.AGAIN, Ending.REFUSED, Ending.UNKNOWN)


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

    async def release(self) -> bool:
        """Replay the keys whose awaited document has come."""
        heads = await self.store.query(HEADS, {"ready": True}, [("_id", 1)], TOGETHER)
        for head in heads:
            await self.replay(head["_id"])
        return False

    async def replay(self, head_id: str) -> list[Outcome]:
        """Run the records of one parked key again, in order, up to the first that still cannot be handled."""
        ended: list[Outcome] = []
        while True:
            rows = await self.store.query(PARKED, {"head": head_id}, [("_id", 1)], 1)
            if not rows:
                return ended
            row = rows[0]
            record = record_of(row)
            item = read(record, int(row["parked_at"].timestamp() * 1000))
            again = Input(
                item.id,
                item.body,
                item.now,
                item.key,
                item.lineage,
                record=record,
                unreadable=item.unreadable,
                unknown=item.unknown,
                replayed=True,
            )
            outcome = await self._once(head_id, row["_id"], again)
            ended.append(outcome)
            if outcome.ending not in GONE:
                return ended

    async def _once(self, head_id: str, parked_id: str, item: Input) -> Outcome:
        def must_go(outcomes: Sequence[Outcome]) -> None:
            if outcomes[0].ending not in GONE:
                raise _Still(outcomes[0])

        try:
            return (
                await self.turns.run(self.lane, [item], lambda tx: _remove(tx, head_id, parked_id), must_go)
            )[0]
        except _Still as still:
            if still.outcome.ending is not Ending.EARLY:
                await self.lane.transact(lambda tx: _not_ready(tx, head_id))
            return still.outcome


async def _remove(tx: Transaction, head_id: str, parked_id: str) -> None:
    raw = (await tx.find(HEADS, [head_id])).get(head_id)
    if raw is None or not await tx.delete(PARKED, [parked_id]):
        raise Conflict(f"{parked_id} is gone")
    head = Head.read(head_id, raw["topic"], raw["key"], raw)
    head.size -= 1
    head.ready = head.size > 0 and head.ready
    if head.size == 0:
        await tx.delete(HEADS, [head_id])
    else:
        await tx.replace(HEADS, [({"_id": head_id, "version": head.version}, head.raw())])


async def _not_ready(tx: Transaction, head_id: str) -> None:
    raw = (await tx.find(HEADS, [head_id])).get(head_id)
    if raw is not None:
        head = Head.read(head_id, raw["topic"], raw["key"], raw)
        head.ready = False
        await tx.replace(HEADS, [({"_id": head_id, "version": head.version}, head.raw())])
