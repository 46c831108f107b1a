"""The kinds of runs on parked records and sent events: replay, discard, republish."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from chassis.clock import Clock
from chassis.consumer.raw_fetch import Unreadable
from chassis.consumer.records import contents, read
from chassis.documents import AtLeast, Between, Raw
from chassis.outbox.sent import UNSENT, after, count_sent, sent_between, unsent
from chassis.parking.replays import GONE, Replays, remove_parked
from chassis.store.audit import audit_row
from chassis.store.collections import AUDIT, INBOX, OUTBOX, PARKED, PARKED_KEYS
from chassis.store.port import Store, Transaction
from chassis.store.transactor import Transactor
from chassis.tasks.run import Run, keep
from chassis.tasks.runs import Asked
from chassis.transaction.inputs import Input, Outcome
from chassis.transaction.parked import record_of
from chassis.transaction.unit_of_work import UnitOfWork

RECORDS = 100  # of a chunk
AUDITED_BYTES = 4_000_000  # of records in one row of the audit, which holds at least one
OUTBOX_ROOM = (
    2_000  # unsent events up to which old ones are added, so that new events do not wait long behind them
)


@dataclass
class BulkReplay:
    """Replays parked records, key by key; a key stops at its first record that still fails."""

    store: Store
    replays: Replays
    session: Transactor
    clock: Clock
    name: str = "replay"
    single: bool = False

    async def begin(self, asked: Asked) -> tuple[int | None, Raw]:
        """The number of records under the requested keys; for a reason it is unknown, because only the first record of a key is checked."""
        where: dict[str, Any] = {"head": asked["head"] or AtLeast("")}
        where |= {"topic": asked["topic"]} if asked["topic"] else {}
        total = None if asked["reason"] else await self.store.count(PARKED, where)
        return total, {"after": "", "within": None}

    async def chunk(self, run: Run) -> Run | None:
        """Continue with the current key, then with the following ones; a few records in all."""
        parked_keys, most = await self._parked_keys(run), run.done + RECORDS
        if not parked_keys:
            return None
        for parked_key in parked_keys:
            if run.done >= most:
                break
            if await self._wanted(run, parked_key):
                run = await self._key(run, parked_key, most)
            else:
                run = _past(run, parked_key)
        assert run.cursor is not None
        before, after = run, run.further({}, run.cursor, self.clock())
        await self.session.transact(lambda tx: keep(tx, before, after))
        return after

    async def _parked_keys(self, run: Run) -> list[str]:
        """The next keys under which something is parked."""
        assert run.cursor is not None
        where: dict[str, Any] = {"_id": AtLeast(run.cursor["after"]), "size": AtLeast(1)}
        where |= {"topic": run.asked["topic"]} if run.asked["topic"] else {}
        where |= {"_id": run.asked["head"]} if run.asked["head"] else {}
        rows = await self.store.query(PARKED_KEYS, where, [("_id", 1)], RECORDS + 1)
        return [row["_id"] for row in rows if row["_id"] != run.cursor["after"]]

    async def _wanted(self, run: Run, parked_key: str) -> bool:
        assert run.cursor is not None
        if not run.asked["reason"] or run.cursor["within"] == parked_key:
            return True
        rows = await self.store.query(PARKED, {"head": parked_key}, [("_id", 1)], 1)
        return bool(rows) and rows[0]["reason"] == run.asked["reason"]

    async def _key(self, run: Run, parked_key: str, most: int) -> Run:
        while run.done < most:
            run, goes_on = await self._record(run, parked_key)
            if not goes_on:
                return _past(run, parked_key)
        return run

    async def _record(self, run: Run, parked_key: str) -> tuple[Run, bool]:
        """Replay the first record of a key: in one transaction it is removed and counted, or all that wait are counted."""
        assert run.cursor is not None
        kept, now, within = run, self.clock(), run.cursor | {"within": parked_key}

        async def count(tx: Transaction, failed: Outcome | None, handled: int) -> None:
            nonlocal kept
            kept = run.further({"handled": handled}, within, now)
            if failed is not None:
                waiting = (await tx.find(PARKED_KEYS, [parked_key]))[parked_key]["size"]
                kept = _past(run.further({"still-parked": waiting}, within, now), parked_key)
            await keep(tx, run, kept)

        outcome = await self.replays.replay_first(parked_key, count)
        return kept, outcome is not None and outcome.result in GONE


def _past(run: Run, parked_key: str) -> Run:
    return replace(run, cursor={"after": parked_key, "within": None})


@dataclass
class BulkDiscard:
    """Discards everything parked under one key when the run starts; the audit keeps the bytes."""

    store: Store
    unit_of_work: UnitOfWork
    session: Transactor
    clock: Clock
    name: str = "discard"
    single: bool = False

    async def begin(self, asked: Asked) -> tuple[int | None, Raw]:
        """What is parked now; records parked later are not discarded."""
        parked_key = asked["head"]
        last = await self.store.query(PARKED, {"head": parked_key}, [("_id", -1)], 1)
        total = await self.store.count(PARKED, {"head": parked_key})
        return total, {"until": last[0]["_id"] if last else ""}

    async def chunk(self, run: Run) -> Run | None:
        """Discard the next records, with their audit row."""
        assert run.cursor is not None
        parked_key, cursor = str(run.asked["head"]), run.cursor
        where = {"head": parked_key, "_id": Between("", cursor["until"])}
        rows = _of_one_row(await self.store.query(PARKED, where, [("_id", 1)], RECORDS))
        if not rows:
            return None
        now = self.clock()
        after = run.further({"discarded": len(rows)}, cursor, now)
        details = {"head": parked_key, "why": run.asked["why"], "run": run.id, "records": rows}

        async def work(tx: Transaction) -> None:
            await keep(tx, run, after)
            await discard_rows(tx, self.unit_of_work, parked_key, rows, now)
            await self._note(tx, audit_row(now, run.by, "discard", details))

        await self.session.transact(work)
        return after

    async def _note(self, tx: Transaction, row: Raw) -> None:
        await tx.insert(AUDIT, [row])


def _of_one_row(rows: Sequence[Raw]) -> list[Raw]:
    """As many rows as one audit row can hold."""
    held, size = list[Raw](), 0
    for row in rows:
        size += sum(len(value) for value in (row["key"], row["value"]) if value is not None)
        size += sum(len(name) + len(value or b"") for name, value in row["headers"])
        if held and size > AUDITED_BYTES:
            break
        held.append(row)
    return held


async def discard_rows(
    tx: Transaction, unit_of_work: UnitOfWork, parked_key: str, rows: Sequence[Raw], now: datetime
) -> None:
    """Remove records without handling them, with receipts, so that copies of them are duplicates.

    Raises Conflict when one of them no longer exists.
    """
    await remove_parked(tx, unit_of_work, parked_key, [row["_id"] for row in rows], now)
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


@dataclass
class Republish:
    """Has events that were sent since a time sent again, for a broker that lost its disk."""

    store: Store
    session: Transactor
    clock: Clock
    woken: Callable[[], object]
    name: str = "republish"
    single: bool = True

    async def begin(self, asked: Asked) -> tuple[int | None, Raw]:
        """Events sent until now; what the run itself sends again is excluded."""
        since, until = datetime.fromisoformat(str(asked["since"])), self.clock()
        return await count_sent(self.store, since, until), {"until": until, "since": since}

    async def chunk(self, run: Run) -> Run | None:
        """Make the next events unsent, when there is room for them."""
        assert run.cursor is not None
        if await self.store.count(OUTBOX, UNSENT) >= OUTBOX_ROOM:
            return run
        until, cursor = run.cursor["until"], run.cursor
        since = cursor["since"] if "since" in cursor else cursor["place"]["sent_at"]  # of the former build
        rows, end = await sent_between(self.store, since, until)
        if not rows:
            return None
        found = {row["_id"]: row for row in rows}

        async def work(tx: Transaction) -> Run:
            there = await tx.find(OUTBOX, list(found))
            again = [unsent(row) for id_, row in found.items() if "sent_at" in there.get(id_, row)]
            if again:
                await tx.upsert(OUTBOX, again)
            waiting = len(found) - len(again)
            counts = {"republished": len(again)} | ({"not-sent-yet": waiting} if waiting else {})
            further = run.further(counts, {"until": until, "since": after(end)}, self.clock())
            await keep(tx, run, further)
            return further

        further = await self.session.transact(work)
        self.woken()
        return further
