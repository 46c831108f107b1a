"""Dead-letter administration: administrators list, replay or discard parked records; every action is audited."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from chassis.clock import Clock
from chassis.consumer.stopped_partitions import step_over_id
from chassis.documents import AtLeast, Raw
from chassis.errors import Refused
from chassis.outbox.sent import KEPT
from chassis.parking.bulk import BulkDiscard, BulkReplay, Republish, discard_rows
from chassis.parking.replays import Replays
from chassis.store.audit import BY_ADMINISTRATORS, audit_row
from chassis.store.collections import AUDIT, PARKED, PARKED_KEYS, RUNS
from chassis.store.port import Store, Transaction
from chassis.store.shard_leases import ShardLeases
from chassis.store.transactor import Transactor
from chassis.tasks.run import Run
from chassis.tasks.runs import Runs
from chassis.transaction.unit_of_work import UnitOfWork


@dataclass
class DeadLetters:
    """What administrators can do with parked records and sent events."""

    store: Store
    unit_of_work: UnitOfWork
    replays: Replays
    session: Transactor
    runs: Runs
    clock: Clock

    async def parked_keys(self, topic: str | None = None, limit: int = 100) -> list[Raw]:
        """The parked keys, oldest first."""
        where: dict[str, Any] = {"size": AtLeast(1)} | ({"topic": topic} if topic else {})
        return await self.store.query(PARKED_KEYS, where, [("since", 1)], limit)

    async def records(self, parked_key: str, limit: int = 100) -> list[Raw]:
        """The records parked under one key, in order, with bytes and reasons."""
        return await self.store.query(PARKED, {"head": parked_key}, [("_id", 1)], limit)

    async def replay(
        self,
        by: str,
        parked_key: str | None = None,
        topic: str | None = None,
        reason: str | None = None,
        run_id: str | None = None,
    ) -> Run:
        """Start a replay of one key, of all keys of a topic or reason, or of everything."""
        return await self.runs.start(
            "replay", {"head": parked_key, "topic": topic, "reason": reason}, by, run_id
        )

    async def discard(self, by: str, why: str, parked_key: str, run_id: str | None = None) -> Run:
        """Start a run that discards everything parked under a key; raises Refused (404) when nothing is."""
        known = await self.store.get(RUNS, run_id) if run_id else None
        if known is None and not await self.records(parked_key, 1):
            raise _nothing_parked()
        return await self.runs.start("discard", {"head": parked_key, "why": why}, by, run_id)

    async def discard_record(self, by: str, why: str, parked_key: str, parked_id: str) -> None:
        """Discard one record; the audit keeps its bytes, and its receipt makes copies of it duplicates.

        Raises Refused when it does not exist.
        """
        now = self.clock()

        async def work(tx: Transaction) -> None:
            row = (await tx.find(PARKED, [parked_id])).get(parked_id)
            if row is None or row["head"] != parked_key:
                raise _nothing_parked()
            await discard_rows(tx, self.unit_of_work, parked_key, [row], now)
            details = {"head": parked_key, "why": why, "records": [row]}
            await tx.insert(AUDIT, [audit_row(now, by, "discard", details)])

        await self.session.transact(work)

    async def step_over(self, by: str, why: str, topic: str, partition: int, offset: int) -> str:
        """Permit an unreadable batch to be parked unread, so that its partition continues; returns its position.

        The audit row is the permission: the owner of the partition checks for it.
        """
        details = {"topic": topic, "partition": partition, "offset": offset, "why": why}
        row = audit_row(self.clock(), by, "step-over", details)
        row["_id"] = step_over_id(topic, partition, offset)
        await self.store.insert_missing(AUDIT, [row])
        return f"{topic}/{partition}/{offset}"

    async def republish(self, by: str, since: datetime, run_id: str | None = None) -> Run:
        """Start to send again what was sent since then; consumers recognise the ids.

        Raises Refused for a time from which sent events are no longer kept, for a future time, and while another such run is open.
        """
        now = self.clock()
        if since > now:
            raise Refused(
                "not-yet-past",
                "This time has not come yet.",
                422,
                "since",
                "Give a time in the past.",
            )
        if now - since > KEPT:
            raise Refused(
                "too-long-ago",
                f"Sent events are kept for {KEPT.days} days.",
                422,
                "since",
                "Give a later time; older events are in the services' own documents.",
            )
        asked = {"since": since.astimezone(UTC).isoformat()}
        return await self.runs.start("republish", asked, by, run_id)

    async def audit(self, limit: int = 100) -> list[Raw]:
        """What administrators did, latest first."""
        return await self.store.query(AUDIT, BY_ADMINISTRATORS, [("at", -1)], limit)


async def open_dead_letters(
    store: Store,
    unit_of_work: UnitOfWork,
    slots: ShardLeases,
    clock: Clock,
    woken: Callable[[], object],
    discards: type[BulkDiscard] = BulkDiscard,
) -> DeadLetters:
    """The dead-letter administration of one service; `woken` is called when events were added to the outbox."""
    replays = Replays(unit_of_work.service, store, unit_of_work, await store.session(), clock)
    requests, chunks = Transactor(await store.session()), Transactor(await store.session())
    kinds = (
        BulkReplay(store, replays, chunks, clock),
        discards(store, unit_of_work, chunks, clock),
        Republish(store, chunks, clock, woken),
    )
    runs = Runs(store, requests, slots, clock, {kind.name: kind for kind in kinds})
    return DeadLetters(store, unit_of_work, replays, requests, runs, clock)


def _nothing_parked() -> Refused:
    return Refused(
        "nothing-parked", "Nothing is parked there.", 404, "head", "GET /ops/parked lists what is parked."
    )


def readable(rows: list[Raw]) -> list[Raw]:
    """Rows for JSON: bytes become text."""
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
