"""The outbox scan: reads recent unsent events, and only periodically all of them.

The index of unsent events keeps its former entries for minutes, and a full scan passes over every event sent meanwhile. So a scan
starts shortly before the oldest event that was last found. An event committed later with an older stamp, by a slow transaction
or a slow clock, is found by the next full scan; and no event is sent before an earlier one of its subject, because each row
carries the stamp of its predecessor.

Events that this process has committed itself need no search: they are handed over, and sent if their predecessors were sent from
here, in shards that no other process can have had since their unit of work began.
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
    is_held_since: Callable[[int, float], bool]
    whole_every: float = WHOLE_EVERY_SECONDS
    margin_ms: int = MARGIN_MS
    _owned: Sequence[int] = ()
    _whole_at: float = 0.0
    _was_whole: bool = False
    _begins: int = 0
    _sent: dict[str, int] = field(default_factory=dict)
    _offered: list[tuple[Raw, float]] = field(default_factory=list)
    _looks: bool = False
    _returned: int = 0
    _unsent: bool = False

    def offer(self, rows: Sequence[Raw], began: float) -> None:
        """This process has committed these events, in a unit of work that began at that moment."""
        if len(self._offered) + len(rows) > SWEEP:
            self.look()
        else:
            self._offered += [(row, began) for row in rows]

    def look(self) -> None:
        """There may be events that were not offered."""
        self._looks = True

    async def next_rows(self, owned: Sequence[int]) -> list[Raw]:
        """Events of these shards, oldest first and each after its predecessors; every event is returned within a second."""
        offered, self._offered = self._offered, []
        looks = self._looks or self._unsent
        self._looks, self._unsent = False, True  # also when the search fails
        if not owned:
            self.on_oldest(None)
            return []
        began = self.monotonic()
        rows: list[Raw] | None = None
        if owned == self._owned and began - self._whole_at < self.whole_every:
            rows = (None if looks else self._handed_over(offered)) or await self._recent(owned)
        whole = rows is None
        if rows is None:
            rows = await self._query(owned)
            self.on_oldest(rows[0] if rows else None)
            self._owned, self._whole_at = owned, began
        self._was_whole = whole
        if rows:
            self._begins = rows[0]["stamp"] - self.margin_ms
        self._returned, self._unsent = len(rows), bool(rows)
        return rows

    def _handed_over(self, offered: Sequence[tuple[Raw, float]]) -> list[Raw]:
        """The offered events of our shards; none when a predecessor of one was not sent from here."""
        ours = (row for row, began in offered if self.is_held_since(row["slot"], began))
        rows = sorted(ours, key=lambda row: row["stamp"])
        return rows if self._continues(rows) else []

    def _continues(self, rows: Sequence[Raw]) -> bool:
        """Whether each is the next event of its subject; the copy of a parked record has no place in a sequence."""
        last: dict[str, int] = {}
        for row in rows:
            subject = row["aggregateid"]
            if "sequence" not in row or row["after"] != last.get(subject, self._sent.get(subject, 0)):
                return False
            last[subject] = row["stamp"]
        return True

    def pause(self, longest: float) -> float:
        """Seconds until the next scan: after one that was not full, a full one follows."""
        return longest if self._was_whole else min(longest, self.whole_every)

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
        """The broker has acknowledged these; while others are not sent, every event is searched for.

        The last event of a subject may be on another topic than the one before it, which then was not sent.
        """
        self._unsent = len(rows) < self._returned
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
