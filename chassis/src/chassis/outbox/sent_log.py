"""The log of what was sent: one collection a day, dropped whole when it is older than the topics remember."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Self

from chassis.documents import AtLeast, Between, Index, Raw
from chassis.store.port import Store

PREFIX = "outbox_log_"
KEPT = timedelta(days=14)
TOGETHER = 500
# Those of one subject that were sent together in the order of their sequence, too: its stamps never run backwards.
ORDER = (("sent_at", 1), ("stamp", 1))


def day_log(moment: datetime) -> str:
    """The collection that facts sent at this moment are kept in."""
    return f"{PREFIX}{moment.astimezone(UTC):%Y%m%d}"


@dataclass(frozen=True)
class LogPosition:
    """A place in the log, behind the facts `seen` of those that were sent at this moment with this stamp."""

    day: str
    sent_at: datetime
    stamp: int | None = None
    seen: tuple[str, ...] = ()

    @classmethod
    def before(cls, moment: datetime) -> Self:
        """The place before everything that was sent at this moment or later."""
        return cls(day_log(moment), moment)

    def raw(self) -> Raw:
        """The stored form."""
        return asdict(self)

    @classmethod
    def read(cls, row: Raw) -> Self:
        """What was stored."""
        return cls(row["day"], row["sent_at"], row["stamp"], tuple(row["seen"]))


@dataclass
class SentLog:
    """Keeps sent facts for `KEPT`, for a broker that lost its disk."""

    store: Store
    _today: str = field(default="")

    async def keep(self, rows: Sequence[Raw], now: datetime) -> None:
        """Remember facts as sent now; those that are remembered already stay as they are."""
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
        """How many facts were sent between these two."""
        where = {"sent_at": Between(since, until)}
        return sum([await self.store.count(name, where) for name in await self._days(day_log(since))])

    async def after(self, place: LogPosition, until: datetime) -> tuple[list[Raw], LogPosition] | None:
        """The next facts in the order they were sent in, a few hundred, and the place behind them; None when that was all."""
        for name in await self._days(place.day):
            rows = await self._rest(name, place, until)
            if rows:
                last = rows[-1]
                moment, stamp = last["sent_at"], last["stamp"]
                level = [row["_id"] for row in rows if (row["sent_at"], row["stamp"]) == (moment, stamp)]
                if (place.sent_at, place.stamp) == (moment, stamp):
                    level += place.seen
                facts = [{field: value for field, value in row.items() if field != "sent_at"} for row in rows]
                return facts, LogPosition(name, moment, stamp, tuple(level))
        return None

    async def _rest(self, name: str, place: LogPosition, until: datetime) -> list[Raw]:
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
