"""The log of sent events: one collection a day, dropped when it is older than the topics' retention."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Self

from chassis.documents import AtLeast, Between, Index, Raw
from chassis.store.port import Store

PREFIX = "outbox_log_"
KEPT = timedelta(days=14)
TOGETHER = 500
# Events of one subject that were sent together are in sequence too: its stamps never decrease.
ORDER = (("sent_at", 1), ("stamp", 1))


def day_log(moment: datetime) -> str:
    """The collection of the events sent on this day."""
    return f"{PREFIX}{moment.astimezone(UTC):%Y%m%d}"


@dataclass(frozen=True)
class LogPosition:
    """A position in the log: after the events `seen`, of those sent at this time with this stamp."""

    day: str
    sent_at: datetime
    stamp: int | None = None
    seen: tuple[str, ...] = ()

    @classmethod
    def before(cls, moment: datetime) -> Self:
        """The position before everything sent at this time or later."""
        return cls(day_log(moment), moment)

    def raw(self) -> Raw:
        """The stored form."""
        return asdict(self)

    @classmethod
    def read(cls, row: Raw) -> Self:
        """The position in a stored form."""
        return cls(row["day"], row["sent_at"], row["stamp"], tuple(row["seen"]))


@dataclass
class SentLog:
    """Keeps sent events for `KEPT`, to send them again after a broker lost its disk."""

    store: Store
    _today: str = field(default="")

    async def keep(self, rows: Sequence[Raw], now: datetime) -> None:
        """Store events as sent now; events that are already stored stay unchanged."""
        name = day_log(now)
        if name != self._today:
            await self.store.ensure([name], [Index(name, ORDER)])
            await self._forget(now)
            self._today = name
        await self.store.insert_missing(name, [row | {"sent_at": now} for row in rows])

    async def _forget(self, now: datetime) -> None:
        oldest = day_log(now - KEPT)
        for name in await self.store.names(PREFIX):
            if name < oldest:
                await self.store.drop(name)

    async def count(self, since: datetime, until: datetime) -> int:
        """How many events were sent between these two times."""
        where = {"sent_at": Between(since, until)}
        return sum([await self.store.count(name, where) for name in await self._days(day_log(since))])

    async def after(self, place: LogPosition, until: datetime) -> tuple[list[Raw], LogPosition] | None:
        """The next events in sending order, a few hundred, and the position after them; None when there are no more."""
        for name in await self._days(place.day):
            rows = await self._rows_after(name, place, until)
            if rows:
                last = rows[-1]
                moment, stamp = last["sent_at"], last["stamp"]
                level = [row["_id"] for row in rows if (row["sent_at"], row["stamp"]) == (moment, stamp)]
                if (place.sent_at, place.stamp) == (moment, stamp):
                    level += place.seen
                facts = [{field: value for field, value in row.items() if field != "sent_at"} for row in rows]
                return facts, LogPosition(name, moment, stamp, tuple(level))
        return None

    async def _rows_after(self, name: str, place: LogPosition, until: datetime) -> list[Raw]:
        """What a day's log has behind a place: first what was sent at that very moment, then what was sent later."""
        rows: list[Raw] = []
        begins = place.sent_at
        if place.stamp is not None:
            level = {"sent_at": place.sent_at, "stamp": AtLeast(place.stamp)}
            found = await self.store.query(name, level, ORDER, TOGETHER + len(place.seen))
            rows = [row for row in found if row["_id"] not in place.seen][:TOGETHER]
            begins += timedelta(milliseconds=1)  # the store keeps no smaller part of time
        if len(rows) < TOGETHER and begins <= until:
            later = {"sent_at": Between(begins, until)}
            rows += await self.store.query(name, later, ORDER, TOGETHER - len(rows))
        return rows

    async def _days(self, first: str) -> list[str]:
        return [name for name in await self.store.names(PREFIX) if name >= first]
