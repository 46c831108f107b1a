"""Sent events stay in the outbox, marked, as long as the topics keep them: a broker that lost its disk gets them again."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from chassis.documents import AtLeast, Between, Index, Raw, Where
from chassis.store.collections import OUTBOX, SENT_SECONDS
from chassis.store.port import Store

KEPT = timedelta(seconds=SENT_SECONDS)
TOGETHER = 500
FORMER = "outbox_log_"  # the build before this one moved sent events to one collection a day
# A sent event has no slot, so that no relay finds it, not even one of the build before. Both fields make the index usable.
UNSENT: Where = {"stamp": AtLeast(0), "slot": AtLeast(0)}
_TICK = timedelta(milliseconds=1)  # the store keeps no smaller part of time


async def mark_sent(store: Store, rows: Sequence[Raw], now: datetime) -> None:
    """Mark events as sent now; repeating it moves the time only."""
    moment = now.replace(microsecond=now.microsecond // 1000 * 1000)
    await store.update(OUTBOX, [row["_id"] for row in rows], {"sent_at": moment}, {"slot": "sent_slot"})


def unsent(row: Raw) -> Raw:
    """The row of a sent event, to be sent again."""
    kept = {name: value for name, value in row.items() if name not in ("sent_at", "sent_slot")}
    return {"slot": row["sent_slot"]} | kept if "sent_slot" in row else kept


async def count_sent(store: Store, since: datetime, until: datetime) -> int:
    """How many events were sent between these two times."""
    where = {"sent_at": Between(since, until)}
    return sum([await store.count(name, where) for name in await _places(store)])


async def sent_between(
    store: Store, since: datetime, until: datetime, together: int = TOGETHER
) -> tuple[list[Raw], datetime]:
    """The next events in sending order, some hundreds, and the time up to which these are all that were sent.

    Events that were sent together have one time and are returned together, each subject's in sequence.
    """
    end, names = until, await _places(store)
    for name in names:
        found = await store.query(name, {"sent_at": Between(since, end)}, [("sent_at", 1)], together)
        end = found[-1]["sent_at"] if len(found) == together else end
    where = {"sent_at": Between(since, end)}
    rows = [row for name in names for row in await store.query(name, where)]
    return sorted(rows, key=lambda row: (row["sent_at"], row["stamp"])), end


def after(moment: datetime) -> datetime:
    """The earliest time after this one."""
    return moment + _TICK


async def former_indexes(store: Store) -> list[Index]:
    """Indexes that empty the collections of the build before this one."""
    names = await store.names(FORMER)
    return [Index(name, (("sent_at", 1),), expire_after=SENT_SECONDS) for name in names]


async def _places(store: Store) -> list[str]:
    return [OUTBOX, *await store.names(FORMER)]
