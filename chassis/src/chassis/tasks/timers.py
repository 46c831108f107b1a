"""Timers: what is due is handled once, through the same unit of work as every other input."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from chassis.clock import Clock
from chassis.documents import AnyOf, AtMost, Raw
from chassis.errors import Poison
from chassis.handling import Reactions
from chassis.store.collections import TIMERS
from chassis.store.port import Store, StoreSession
from chassis.store.shard_leases import ShardLeases
from chassis.transaction.inputs import Input, Lineage, Source
from chassis.transaction.unit_of_work import UnitOfWork

TOGETHER = 200
POLL_EVERY = 2.0
SOON = timedelta(seconds=POLL_EVERY)  # what is due before the next poll is known by its time, and fired at it


@dataclass
class Timers:
    """Fires the due timers of the shards this process holds."""

    store: Store
    shard_leases: ShardLeases
    unit_of_work: UnitOfWork
    reactions: Reactions
    clock: Clock
    session: StoreSession
    _next: datetime | None = None

    async def fire(self) -> bool:
        """Handle due timers; returns whether there may be more."""
        now = self.clock()
        where = {"slot": AnyOf(self.shard_leases.owned()), "due": AtMost(now + SOON)}
        rows = await self.store.query(TIMERS, where, [("due", 1)], TOGETHER)
        due = [row for row in rows if row["due"] <= now]
        self._next = rows[len(due)]["due"] if len(due) < len(rows) else None
        if due:
            await self._handle([self._input(row) for row in due])
        return len(due) == TOGETHER

    def pause(self, longest: float) -> float:
        """Seconds until the next timer is due, as far as this process knows; at most `longest`."""
        if self._next is None:
            return longest
        return min(longest, max(0.0, (self._next - self.clock()).total_seconds()))

    def is_soon(self, rows: Iterable[Raw]) -> bool:
        """Whether one of these timers is due before the next poll."""
        end = self.clock() + SOON
        return any(row["due"] <= end for row in rows)

    async def _handle(self, inputs: Sequence[Input]) -> None:
        try:
            await self.unit_of_work.run(self.session, inputs)
        except Poison:
            if len(inputs) == 1:
                raise
            for item in inputs:  # the store rejects one of them: it is parked alone
                await self._handle([item])

    def _input(self, row: Raw) -> Input:
        body = body_of(self.reactions, row)
        return Input(
            id=f"timer:{row['_id']}@{row['due'].isoformat()}",
            body=body,
            unreadable=None if body is not None else f"no timer is called {row['kind']}",
            now=row["due"],
            key=row["key"],
            lineage=Lineage.of(row),
            consumes=(TIMERS, row["_id"]),
            source=Source.OWN,
        )


def body_of(reactions: Reactions, row: Raw) -> Any:
    """The body of a stored timer; None for a kind that no longer exists, which is then parked."""
    kinds = {kind.__name__: kind for kind in reactions.types()}
    kind = kinds.get(row["kind"])
    return None if kind is None else reactions.load(kind, row["body"])
