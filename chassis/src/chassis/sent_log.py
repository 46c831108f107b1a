"""The log of what was sent: one collection a day, dropped whole when it is older than the topics remember."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from chassis.documents import Raw
from chassis.store import AtLeast, Index, Store

PREFIX = "outbox_log_"
KEPT = timedelta(days=14)
TOGETHER = 500
# Those of one subject that were sent together in the order of their sequence, too: its stamps never run backwards.
ORDER = (("sent_at", 1), ("stamp", 1))


def day_log(moment: datetime) -> str:
    """The collection that facts sent at this moment are kept in."""
    return f"{PREFIX}{moment:%Y%m%d}"


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

    async def since(self, moment: datetime) -> AsyncIterator[list[Raw]]:
        """The facts sent since then, a few hundred at a time, in the order they were sent in."""
        for name in await self.store.names(PREFIX):
            if name < day_log(moment):
                continue
            seen, after = set[str](), moment
            while True:
                where = {"sent_at": AtLeast(after)}
                rows = await self.store.query(name, where, ORDER, TOGETHER + len(seen))
                fresh = [row for row in rows if row["_id"] not in seen]
                if not fresh:
                    break
                yield [{field: value for field, value in row.items() if field != "sent_at"} for row in fresh]
                after = fresh[-1]["sent_at"]
                seen = {row["_id"] for row in rows if row["sent_at"] == after}
