"""The unit of work: one transaction that handles a batch of inputs once; receipts, documents, events, timers and jobs are committed together."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from chassis.clock import Clock, utc_now
from chassis.documents import Raw, TrackedDocument
from chassis.errors import Conflict, Poison, Unavailable
from chassis.handling import Reactions
from chassis.observe.crash_points import CrashPoints
from chassis.observe.metrics import Metrics
from chassis.observe.tracing import Tracer
from chassis.store.collections import INBOX, JOBS, OUTBOX, PARKED, PARKED_KEYS, TIMERS
from chassis.store.port import StoreSession, Transaction
from chassis.transaction.batch_processor import BatchProcessor, Effects
from chassis.transaction.batch_reader import BatchReader, Needs
from chassis.transaction.document_gate import DocumentGate
from chassis.transaction.inputs import Input, Outcome, Result, Source
from chassis.transaction.parked import ParkedKey
from chassis.transaction.traced import traced

ATTEMPTS = 10

Step = Callable[[Transaction], Awaitable[None]]
Check = Callable[[Sequence[Outcome]], None]
Woken = Callable[[Effects, float], None]


# These outcomes insert a receipt that conflicts with an earlier one, or change nothing.
_NEEDS_NO_RECEIPT = frozenset((Result.DONE, Result.IGNORED, Result.UNKNOWN, Result.AGAIN))


@dataclass(frozen=True)
class Batch:
    """The inputs of one transaction, what they need, and what runs at its start and before its end."""

    inputs: Sequence[Input]
    needs: Needs
    first: Step | None
    check: Check | None
    may_be_parked: bool


@dataclass
class UnitOfWork:
    """Runs batches of inputs through one service's table; `woken` is called after each commit with what was
    written and when, by `monotonic`, the work began.

    While no duplicates arrive (`optimistic`), receipts of events are inserted without being read first: an existing one aborts the
    transaction, and the next attempt reads them. Receipts of commands are always read, because they may have a former name.
    """

    service: str
    slots: int
    reactions: Reactions
    metrics: Metrics
    crash: CrashPoints
    woken: Woken
    clock: Clock = utc_now
    monotonic: Callable[[], float] = time.monotonic
    optimistic: bool = False
    tracer: Tracer | None = None
    gate: DocumentGate = field(init=False, default_factory=DocumentGate)
    reader: BatchReader = field(init=False)

    def __post_init__(self) -> None:
        self.reader = BatchReader(self.service, self.reactions)

    async def run(
        self,
        session: StoreSession,
        inputs: Sequence[Input],
        first: Step | None = None,
        check: Check | None = None,
        may_be_parked: bool = True,
    ) -> list[Outcome]:
        """Handle the inputs in one transaction and return their outcomes after the commit.

        `first` runs at the start of the transaction (a fence), `check` before its end; an exception from either aborts it. Without
        `may_be_parked` the caller's fence excludes that any of the keys was ever parked, and their queues are not read.
        Conflicts are retried with jitter. Raises Unavailable when conflicts do not end or the database is down; the outcome is
        then unknown. A single input that the store rejects ends as unreadable; with several, Poison says that one of them is.
        """

        async def gated(ours: Sequence[Input]) -> list[Outcome]:
            batch = Batch(ours, Needs.of(self.reactions, ours), first, check, may_be_parked)
            async with self.gate.passing(batch.needs.guarded()):
                return await self._run(session, batch)

        return await (gated(inputs) if self.tracer is None else traced(self.tracer, inputs, gated))

    async def _run(self, session: StoreSession, batch: Batch) -> list[Outcome]:
        began = self.monotonic()
        for attempt in range(ATTEMPTS):
            try:
                outcomes, effects = await self._once(session, batch, attempt == 0)
            except Conflict:
                self.metrics.retries.inc()
                await asyncio.sleep(random.uniform(0, min(0.5, 0.005 * 2**attempt)))
                continue
            except Poison as poison:
                if len(batch.inputs) > 1 or batch.inputs[0].unreadable is not None:
                    raise
                rejected = replace(batch.inputs[0], unreadable=str(poison))
                return await self._run(session, replace(batch, inputs=[rejected]))
            self._record_metrics(outcomes, self.monotonic() - began)
            self.woken(effects, began)
            return outcomes
        raise Unavailable(f"{ATTEMPTS} conflicts in a row")

    async def _once(
        self, session: StoreSession, batch: Batch, may_skip_receipts: bool
    ) -> tuple[list[Outcome], Effects]:
        skip_receipts = (
            may_skip_receipts
            and self.optimistic
            and not any(item.source is Source.COMMAND for item in batch.inputs)
        )
        try:
            outcomes, effects = await session.transact(lambda tx: self._work(tx, batch, skip_receipts))
        except Exception:
            self.optimistic = False
            raise
        self.optimistic = not any(outcome.result is Result.AGAIN for outcome in outcomes)
        return outcomes, effects

    async def _work(
        self, tx: Transaction, batch: Batch, skip_receipts: bool
    ) -> tuple[list[Outcome], Effects]:
        if batch.first is not None:
            await batch.first(tx)
        processor = await self._read(tx, batch, skip_receipts)
        outcomes = processor.run(batch.inputs)
        if skip_receipts and not all(outcome.result in _NEEDS_NO_RECEIPT for outcome in outcomes):
            processor = await self._read(tx, batch)
            outcomes = processor.run(batch.inputs)
        if batch.check is not None:
            batch.check(outcomes)
        await self._write(tx, processor)
        return outcomes, processor.effects

    async def _read(self, tx: Transaction, batch: Batch, skip_receipts: bool = False) -> BatchProcessor:
        found = await self.reader.read(tx, batch.inputs, batch.needs, not skip_receipts, batch.may_be_parked)
        return BatchProcessor(
            self.service,
            self.slots,
            self.reactions,
            found.seen,
            found.tracked,
            found.parked_keys,
            found.waiting,
            self.clock(),
            batch.needs.refs,
        )

    async def _write(self, tx: Transaction, processor: BatchProcessor) -> None:
        effects = processor.effects
        await _insert(tx, INBOX, effects.inbox)
        self.crash.at("turn.inbox")
        await self._write_documents(tx, effects)
        self.crash.at("turn.state")
        await _insert(tx, OUTBOX, effects.outbox)
        await self._write_tasks(tx, effects)
        await self._write_parked(tx, processor)
        self.crash.at("turn.open")

    async def _write_documents(self, tx: Transaction, effects: Effects) -> None:
        touched: dict[str, list[str]] = {}
        written = dict(effects.written)
        for key, tracked in effects.read.items():
            if key in written:
                continue
            if tracked.stored:
                touched.setdefault(key[0], []).append(key[1])
            else:
                written[key] = tracked
        names: dict[str, list[TrackedDocument[Any]]] = {}
        for (name, _), tracked in written.items():
            names.setdefault(name, []).append(tracked)
        for name in sorted(names):
            rows = sorted(names[name], key=lambda tracked: tracked.id)
            await _insert(tx, name, [tracked.raw() for tracked in rows if not tracked.stored])
            await _replace(tx, name, [tracked for tracked in rows if tracked.stored])
        for name in sorted(touched):
            await tx.touch(name, sorted(touched[name]))

    async def _write_tasks(self, tx: Transaction, effects: Effects) -> None:
        cancelled = sorted(effects.cancelled)
        if cancelled:
            await tx.delete(TIMERS, cancelled)
        if effects.timers:
            await tx.upsert(TIMERS, list(effects.timers.values()))
        if effects.finished_jobs:
            await tx.delete(JOBS, effects.finished_jobs)
        await _insert(tx, JOBS, list(effects.jobs.values()))

    async def _write_parked(self, tx: Transaction, processor: BatchProcessor) -> None:
        changed = {
            parked_key.id: parked_key for parked_key in processor.parked_keys.values() if parked_key.added
        }
        rows = [
            row for parked_key in changed.values() for row in parked_key.added
        ] + processor.effects.parked_tasks
        await _insert(tx, PARKED, rows)
        for parked_key in await self._released_keys(tx, processor):
            parked_key.ready = True
            changed[parked_key.id] = parked_key
        await _insert(
            tx, PARKED_KEYS, [parked_key.raw() for parked_key in changed.values() if not parked_key.stored]
        )
        replaced = [
            ({"_id": parked_key.id, "version": parked_key.version}, parked_key.raw())
            for parked_key in changed.values()
            if parked_key.stored
        ]
        if replaced:
            await tx.replace(PARKED_KEYS, replaced)

    async def _released_keys(self, tx: Transaction, processor: BatchProcessor) -> list[ParkedKey]:
        """The parked keys whose awaited document exists now; one may have been parked in this batch."""
        names = sorted(processor.effects.released)
        stored = await _found(tx, PARKED_KEYS, [name for name in names if name not in processor.parked_keys])
        parked_keys = [processor.parked_keys[name] for name in names if name in processor.parked_keys]
        parked_keys += [ParkedKey.read(name, raw["topic"], raw["key"], raw) for name, raw in stored.items()]
        return [parked_key for parked_key in parked_keys if parked_key.size]

    def _record_metrics(self, outcomes: Sequence[Outcome], seconds: float) -> None:
        self.metrics.turn.observe(seconds)
        self.metrics.batch.observe(len(outcomes))
        for outcome in outcomes:
            if outcome.result is Result.AGAIN:
                self.metrics.duplicates.inc()


async def _found(tx: Transaction, collection: str, ids: Sequence[str]) -> dict[str, Raw]:
    return await tx.find(collection, ids) if ids else {}


async def _insert(tx: Transaction, collection: str, rows: Sequence[Raw]) -> None:
    if rows:
        await tx.insert(collection, rows)


async def _replace(tx: Transaction, collection: str, rows: Sequence[TrackedDocument[Any]]) -> None:
    if rows:
        await tx.replace(
            collection, [({"_id": tracked.id, "version": tracked.version}, tracked.raw()) for tracked in rows]
        )
