"""Mending: people look at what is parked, have it handled again or give it up; whatever they do is written down."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from chassis.clock import Clock
from chassis.documents import Raw
from chassis.errors import Conflict, Refused
from chassis.ids import uuid7
from chassis.inputs import Input
from chassis.lenient import Unreadable
from chassis.parking import HEADS, PARKED, record_of
from chassis.records import contents, read
from chassis.replay import GONE, Replays, take_off
from chassis.sent_log import KEPT, SentLog
from chassis.stops import step_over_id
from chassis.store import AtLeast, Lane, Store, Transaction
from chassis.turn import AUDIT, INBOX, OUTBOX, Turns

TOGETHER = 500


@dataclass
class Mending:
    """What people who run the system can do with parked records and sent facts."""

    store: Store
    turns: Turns
    replays: Replays
    lane: Lane
    clock: Clock

    async def heads(self, topic: str | None = None, limit: int = 100) -> list[Raw]:
        """The keys that have stopped, oldest first."""
        where: dict[str, Any] = {"size": AtLeast(1)} | ({"topic": topic} if topic else {})
        return await self.store.query(HEADS, where, [("since", 1)], limit)

    async def records(self, head: str, limit: int = 100) -> list[Raw]:
        """The records that wait under one key, in their order, with bytes and reasons."""
        return await self.store.query(PARKED, {"head": head}, [("_id", 1)], limit)

    async def replay(
        self, by: str, head: str | None = None, topic: str | None = None, reason: str | None = None
    ) -> dict[str, int]:
        """Have one key handled again, or all of a topic, of a reason, or all there are; says how the records ended."""
        names = [head] if head else await self._names(topic, reason)
        ended: dict[str, int] = {}
        for name in names:
            for outcome in await self.replays.replay(name):
                word = "handled" if outcome.ending in GONE else "still-parked"
                ended[word] = ended.get(word, 0) + 1
        await self._note(by, "replay", {"head": head, "topic": topic, "reason": reason, "ended": ended})
        return ended

    async def _names(self, topic: str | None, reason: str | None) -> list[str]:
        names = [row["_id"] for row in await self.heads(topic, TOGETHER)]
        if reason is None:
            return names
        firsts = [(name, await self.records(name, 1)) for name in names]
        return [name for name, rows in firsts if rows and rows[0]["reason"] == reason]

    async def discard(self, by: str, why: str, head: str, parked_id: str | None = None) -> int:
        """Give up one record, or all of a key; they stay in the audit with their bytes, and copies of them are known.

        Raises Refused when there is nothing.
        """
        rows = [row for row in await self.records(head, TOGETHER) if parked_id in (None, row["_id"])]
        if not rows:
            raise Refused(
                "nothing-parked", "Nothing is parked there.", 404, "head", "GET /ops/parked lists what is."
            )
        now = self.clock()

        async def work(tx: Transaction) -> None:
            await take_off(tx, self.turns, head, [row["_id"] for row in rows], now)
            await _know(tx, rows, now)
            await tx.insert(AUDIT, [self._row(by, "discard", {"head": head, "why": why, "records": rows})])

        try:
            await self.lane.transact(work)
        except Conflict as lost:
            raise Refused(
                "changed-meanwhile", "Somebody else was first.", 409, "head", "Look again."
            ) from lost
        return len(rows)

    async def step_over(self, by: str, why: str, topic: str, partition: int, offset: int) -> str:
        """Let a batch that nobody here can read be parked unread and what lies behind it be handled; returns its place.

        The audit row is the permission: whoever owns the partition looks for it.
        """
        details = {"topic": topic, "partition": partition, "offset": offset, "why": why}
        row = self._row(by, "step-over", details) | {"_id": step_over_id(topic, partition, offset)}
        await self.store.insert_missing(AUDIT, [row])
        return f"{topic}/{partition}/{offset}"

    async def republish(self, by: str, since: datetime) -> int:
        """Send again what was sent since then, for a broker that lost its disk; consumers' inboxes know the ids.

        Raises Refused for a time before which sent facts are no longer kept.
        """
        if self.clock() - since > KEPT:
            raise Refused(
                "too-long-ago",
                f"Sent facts are kept {KEPT.days} days.",
                422,
                "since",
                "Ask for a later time; older facts are in the services' own documents.",
            )
        count = 0
        async for rows in SentLog(self.store).since(since):
            count += await self.store.insert_missing(OUTBOX, rows)
        await self._note(by, "republish", {"since": since, "facts": count})
        return count

    async def audit(self, limit: int = 100) -> list[Raw]:
        """What was done, latest first."""
        return await self.store.query(AUDIT, {}, [("at", -1)], limit)

    async def _note(self, by: str, action: str, details: Raw) -> None:
        await self.store.insert_missing(AUDIT, [self._row(by, action, details)])

    def _row(self, by: str, action: str, details: Raw | dict[str, Any]) -> Raw:
        now = self.clock()
        return {"_id": uuid7(now), "at": now, "by": by, "action": action, "details": details}


async def _know(tx: Transaction, rows: Sequence[Raw], now: datetime) -> None:
    """Write the receipts of records that nobody will handle, as far as it can be read what they were."""
    inputs = [item for row in rows for item in _inputs(row, now)]
    ids = sorted({item.name for item in inputs if item.body is not None})
    known = await tx.find(INBOX, ids)
    missing = [{"_id": name, "at": now} for name in ids if name not in known]
    if missing:
        await tx.insert(INBOX, missing)


def _inputs(row: Raw, now: datetime) -> list[Input]:
    record = record_of(row)
    if not record.opaque:
        return [read(record, int(now.timestamp() * 1000))]
    try:
        return contents(record)
    except Unreadable:
        return []


def readable(rows: Sequence[Raw]) -> list[Raw]:
    """Rows as JSON can carry them: bytes as text, whatever is in them."""
    return [{name: _plain(value) for name, value in row.items()} for row in rows]


def _plain(value: Any) -> Any:
    match value:
        case bytes():
            return value.decode("utf-8", "backslashreplace")
        case list() | tuple():
            return [_plain(one) for one in value]
        case dict():
            return {name: _plain(one) for name, one in value.items()}
        case _:
            return value
