"""The outbox scan: reads recent unsent events, and only periodically all of them.

The index of unsent events keeps its former entries for minutes, and a full scan passes over every event sent meanwhile. So a scan
starts shortly before the oldest event that was last found. An event committed later with an older stamp, by a slow transaction
or a slow clock, is found by the next full scan; and no event is sent before an earlier one of its subject, because each row
carries the stamp of its predecessor.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from chassis.documents import AnyOf, AtLeast, Raw
from chassis.store.collections import OUTBOX
from chassis.store.port import Store

SWEEP = 2_000
WHOLE_EVERY_SECONDS = 1.0
MARGIN_MS = 2_000
REMEMBERED = 20_000


@dataclass
class OutboxScan:
    """Unsent events in the shards of one process; `on_oldest` gets the oldest event after each full scan."""

    store: Store
    monotonic: Callable[[], float]
    on_oldest: Callable[[Raw | None], None]
    whole_every: float = WHOLE_EVERY_SECONDS
    margin_ms: int = MARGIN_MS
    _owned: Sequence[int] = ()
    _whole_at: float = 0.0
    _begins: int = 0
    _sent: dict[str, int] = field(default_factory=dict)

    async def next_rows(self, owned: Sequence[int]) -> list[Raw]:
        """Events of these shards, oldest first and each after its predecessors; every event is returned within a second."""
        if not owned:
            self.on_oldest(None)
            return []
        began = self.monotonic()
        rows: list[Raw] | None = None
        if owned == self._owned and began - self._whole_at < self.whole_every:
            rows = await self._recent(owned)
        if rows is None:
            rows = await self._query(owned)
            self.on_oldest(rows[0] if rows else None)
            self._owned, self._whole_at = owned, began
        if rows:
            self._begins = rows[0]["stamp"] - self.margin_ms
        return rows

    async def _recent(self, owned: Sequence[int]) -> list[Raw] | None:
        """Events from the start of the scan range on; None when a predecessor may be before it."""
        rows = await self._query(owned, self._begins)
        return rows if all(self._follows(row) for row in rows) else None

    def _follows(self, row: Raw) -> bool:
        """Whether the predecessor of an event was sent or is in range; rows of older builds carry no predecessor."""
        after = row.get("after")
        if after is None:
            return False
        return not 0 < after < self._begins or self._sent.get(row["aggregateid"]) == after

    def sent(self, rows: Sequence[Raw]) -> None:
        """The broker has acknowledged these."""
        for row in rows:
            if "sequence" not in row:
                continue  # a copy of a parked record has the key but is not a predecessor of the service's own events
            self._sent.pop(
                row["aggregateid"], None
            )  # reinsert at the end: the dictionary is ordered by time of sending
            self._sent[row["aggregateid"]] = row["stamp"]
        while len(self._sent) > REMEMBERED:
            del self._sent[next(iter(self._sent))]

    async def _query(self, owned: Sequence[int], begins: int = 0) -> list[Raw]:
        where = {"slot": AnyOf(owned), "stamp": AtLeast(begins)}
        return await self.store.query(OUTBOX, where, [("stamp", 1)], SWEEP)
