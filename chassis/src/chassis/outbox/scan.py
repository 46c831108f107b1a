"""The window: the relay looks where facts are, and only now and then through all that ever was in the outbox.

The server remembers its past for minutes, and until it forgets, a search walks over every fact that was sent meanwhile. So a
look begins a little before the first fact that was last found. What is committed later with an older stamp, by a slow
transaction or a clock that is behind, is found when everything is looked through; and no fact goes before one of its own
subject, because each says what stamp its predecessor had.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from chassis.documents import AnyOf, AtLeast, Raw, Where
from chassis.store.collections import OUTBOX
from chassis.store.port import Store

SWEEP = 2_000
WHOLE_EVERY_SECONDS = 1.0
MARGIN_MS = 2_000
REMEMBERED = 20_000


@dataclass
class OutboxScan:
    """What waits in the slots of one process; `aged` is told the oldest fact of all whenever everything was looked through."""

    store: Store
    monotonic: Callable[[], float]
    aged: Callable[[Raw | None], None]
    whole_every: float = WHOLE_EVERY_SECONDS
    margin_ms: int = MARGIN_MS
    _owned: Sequence[int] = ()
    _whole_at: float = 0.0
    _begins: int = 0
    _sent: dict[str, int] = field(default_factory=dict)

    async def look(self, owned: Sequence[int]) -> list[Raw]:
        """Facts of these slots, oldest first and each after its predecessors; not all of them, but all within a second."""
        if not owned:
            self.aged(None)
            return []
        began = self.monotonic()
        rows: list[Raw] | None = None
        if owned == self._owned and began - self._whole_at < self.whole_every:
            rows = await self._part(owned)
        if rows is None:
            rows = await self._query({"slot": AnyOf(owned)})
            self.aged(rows[0] if rows else None)
            self._owned, self._whole_at = owned, began
        if rows:
            self._begins = rows[0]["stamp"] - self.margin_ms
        return rows

    async def _part(self, owned: Sequence[int]) -> list[Raw] | None:
        """What waits from where the window begins; None when a predecessor of it may wait before that."""
        rows = await self._query({"slot": AnyOf(owned), "stamp": AtLeast(self._begins)})
        return rows if all(self._follows(row) for row in rows) else None

    def _follows(self, row: Raw) -> bool:
        """Tells whether everything before a fact was sent or is in the window; an older build says of no fact what is."""
        after = row.get("after")
        if after is None:
            return False
        return not 0 < after < self._begins or self._sent.get(row["aggregateid"]) == after

    def sent(self, rows: Sequence[Raw]) -> None:
        """The broker has these: they hide nothing any more."""
        for row in rows:
            if "sequence" not in row:
                continue  # the copy of a parked record bears its key and is no predecessor of what the service says of it
            self._sent.pop(row["aggregateid"], None)  # the last one comes last
            self._sent[row["aggregateid"]] = row["stamp"]
        while len(self._sent) > REMEMBERED:
            del self._sent[next(iter(self._sent))]

    async def _query(self, where: Where) -> list[Raw]:
        return await self.store.query(OUTBOX, where, [("stamp", 1)], SWEEP)
