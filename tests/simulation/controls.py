"""Negative controls: the runtime with one protection removed; the checker must detect each of them."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

from aiokafka import TopicPartition
from tests.simulation.chance import Chance
from tests.simulation.node import Parts, SimDelivery, SimRelay, SimSubscription
from tests.simulation.store import EndOf, Key, SimStore, SimTransaction

from chassis.consumer import fetch_positions as positions
from chassis.consumer.batch_committer import BatchCommitter, Ends
from chassis.consumer.claims import Claims
from chassis.consumer.subscription import Subscription
from chassis.documents import Raw
from chassis.outbox.scan import OutboxScan
from chassis.parking.bulk import BulkDiscard
from chassis.store.collections import AUDIT, FENCES, INBOX, JOBS, OUTBOX, TIMERS
from chassis.store.port import Found, Transaction
from chassis.tasks.run import Run
from chassis.transaction.batch_processor import BatchProcessor
from chassis.transaction.batch_reader import BatchReader, Known
from chassis.transaction.inputs import Input, Outcome, Result
from chassis.transaction.unit_of_work import Batch, UnitOfWork

YOUNG = 0.05  # seconds during which a read without a snapshot may miss a commit


class NoFence(Claims):
    """Moves the fence without checking ownership."""

    async def fence(self, tx: Transaction, ends: Mapping[TopicPartition, int]) -> None:
        names = {str(self.held[tp].fence["_id"]): tp for tp in ends}
        rows = await tx.find(FENCES, list(names))
        moves = [({"_id": name}, rows[name] | {"next": ends[tp]}) for name, tp in sorted(names.items())]
        await tx.replace(FENCES, moves)


class OverlooksParked(Claims):
    """Takes a partition over without looking whether a former owner parked something."""

    async def _ever_parked(self, topic: str) -> bool:  # noqa: ARG002
        return False


class ForgetsParked(Claims):
    """Parks a record and goes on as if nothing of its partition were parked."""

    def note_parked(self, partitions: Collection[TopicPartition]) -> None:
        """Nothing is noted."""


class AckFirst(SimDelivery):
    """Moves the fence before handling, like a consumer that commits offsets first."""

    async def _commit(self, parts: positions.Parts, inputs: Sequence[Input]) -> None:
        for partition, part in parts.items():
            end = part.end
            claim = self.claims.held[partition]
            name = str(claim.fence["_id"])

            async def move(tx: Transaction, name: str = name, end: int = end) -> None:
                row = (await tx.find(FENCES, [name]))[name]
                await tx.replace(FENCES, [({"_id": name}, row | {"next": end})])

            await self.claims.worker_of(partition).transact(move)
            claim.fence = claim.advanced(end)
        await super()._commit(parts, inputs)


class DualWrite(UnitOfWork):
    """Publishes before the commit."""

    publisher: SimRelay

    async def _write(self, tx: Transaction, processor: BatchProcessor) -> None:
        rows, processor.effects.outbox = processor.effects.outbox, []
        producer = await self.publisher._started_producer()
        targets = await self.publisher._targets(producer, rows)
        for target, part in targets.items():
            await self.publisher._send(producer, target, part)
        await super()._write(tx, processor)


class StaleReader(BatchReader):
    """Uses the reference data that it read first, without reading their version again."""

    async def _refresh(self, tx: Transaction, known: Known, rows: Found) -> None:
        """Nothing is asked."""


class StaleReference(UnitOfWork):
    def __post_init__(self) -> None:
        self.reader = StaleReader(self.service, self.reactions)


class SkipsInboxLookup(UnitOfWork):
    """Refuses and parks without checking for an earlier receipt."""

    async def _read(self, tx: Transaction, batch: Batch, skip_receipts: bool = False) -> BatchProcessor:
        return await super()._read(tx, batch, skip_receipts or self.optimistic)


class MarksFirst(SimRelay):
    """Marks facts as sent before the broker acknowledged them."""

    async def _send(self, producer: Any, target: Any, rows: Sequence[Raw]) -> list[Raw]:
        await self._mark_sent(rows)
        return await super()._send(producer, target, rows)


class NoInboxTransaction(SimTransaction):
    """Writes no receipts."""

    def _rows(self, collection: str, ids: Collection[str]) -> dict[str, Raw]:
        return super()._rows(collection, () if collection == INBOX else ids)

    async def insert(self, collection: str, documents: Sequence[Raw]) -> None:
        await super().insert(collection, documents[:0] if collection == INBOX else documents)


class NoGuardTransaction(SimTransaction):
    """Does not guard documents that are only read."""

    async def touch(self, collection: str, ids: Sequence[str]) -> None:
        await super().touch(collection, ids[:0])


class NoInbox(SimStore):
    transaction = NoInboxTransaction


class NoGuard(SimStore):
    transaction = NoGuardTransaction


class NoSnapshot(SimStore):
    """Sees a later commit without an earlier one while both are recent."""

    def __init__(self, chance: Chance, end_of: EndOf) -> None:
        super().__init__(chance, end_of)
        self.times: dict[Key, float] = {}

    def commit(self, changes: Mapping[Key, Raw | None]) -> None:
        super().commit(changes)
        self.times |= dict.fromkeys(changes, self.loop.time())

    def all(self, collection: str) -> list[Raw]:
        now, times = self.loop.time(), self.times
        rows = [(now - times[collection, row["_id"]], row) for row in super().all(collection)]
        return [row for age, row in rows if age > YOUNG or self.chance.rng.random() < 0.5]


class StaleTasks(SimTransaction):
    """Returns timers and jobs that are already handled."""

    def _rows(self, collection: str, ids: Collection[str]) -> dict[str, Raw]:
        found = super()._rows(collection, ids)
        if collection in (TIMERS, JOBS):
            versions = self.store.tables.get(collection, {})
            for id_ in ids:
                latest = [row for _, row in versions.get(id_, ()) if row is not None]
                found |= {id_: latest[-1]} if latest else {}
        return found


class NoTaskCheck(SimStore):
    transaction = StaleTasks


class TopicsByName(SimDelivery):
    """Identifies topics by name instead of by id."""

    async def _topic_ids(self, topics: list[str]) -> dict[str, str]:
        return {name: name for name in await super()._topic_ids(topics)}


class AlwaysFresh(SimSubscription):
    """Treats every fetched record as belonging to the present topic."""

    @property
    def stale(self) -> bool:
        return False

    @stale.setter
    def stale(self, _: bool) -> None:
        """Ignored."""


class AcceptsStale(SimDelivery):
    """Handles records that were fetched before the topic was recreated."""

    def _subscribe(self, instance: str) -> Subscription:  # noqa: ARG002
        return AlwaysFresh()


class DropsSentEvents(SimRelay):
    """Deletes sent facts instead of marking them."""

    async def _mark_sent(self, rows: Sequence[Raw]) -> None:
        await self.store.delete(OUTBOX, [row["_id"] for row in rows])


class ParksWhole(BatchCommitter):
    """Parks a whole batch when the store rejects one document of it."""

    async def _bisect(self, inputs: Sequence[Input], ends: Ends) -> None:
        await self.commit_once([replace(item, unreadable="one of these") for item in inputs], ends)


class PassesOverWhole(BatchCommitter):
    """Passes over a whole batch when one record of it changes nothing."""

    def _passed_over(self, inputs: Sequence[Input]) -> list[Outcome]:
        found = [super(PassesOverWhole, self)._passed_over([item]) for item in inputs]
        return [Outcome(item, Result.IGNORED) for item in inputs] if any(found) else []


class PassesOver(SimDelivery):
    """Decides by one record whether a batch needs a transaction."""

    def __init__(self, *parts: Any) -> None:
        super().__init__(*parts)
        self.batch_committer.__class__ = PassesOverWhole


class ParksAll(SimDelivery):
    """Does not bisect a rejected batch."""

    def __init__(self, *parts: Any) -> None:
        super().__init__(*parts)
        good = self.batch_committer
        self.batch_committer = ParksWhole(
            good.group, good.claims, good.unit_of_work, good.source, good.stall_detector, good.clock
        )


class DiscardsFirst(BulkDiscard):
    """Writes the audit row after the discard."""

    async def chunk(self, run: Run) -> Run | None:
        self.noted: list[Raw] = []
        after = await super().chunk(run)
        await self.store.insert_missing(AUDIT, self.noted)
        return after

    async def _note(self, _: Transaction, row: Raw) -> None:
        self.noted = [row]


class WithNoTaskCheck(Parts):
    store = NoTaskCheck


class WithTopicsByName(Parts):
    delivery = TopicsByName
    fenced_as = "name"


class WithAcceptsStale(Parts):
    delivery = AcceptsStale


class WithDropsSentEvents(Parts):
    relay = DropsSentEvents


class WithPassesOver(Parts):
    delivery = PassesOver


class WithParksAll(Parts):
    delivery = ParksAll


class WithDiscardsFirst(Parts):
    discards = DiscardsFirst


class WithNoFingerprint(Parts):
    fingerprint = staticmethod(lambda _: "always the same")


class WithNoInbox(Parts):
    store = NoInbox


class WithNoGuard(Parts):
    store = NoGuard


class WithNoSnapshot(Parts):
    store = NoSnapshot


class WithNoFence(Parts):
    claims = NoFence


class WithStaleReference(Parts):
    unit_of_work = StaleReference


class WithOverlooksParked(Parts):
    claims = OverlooksParked


class WithForgetsParked(Parts):
    claims = ForgetsParked


class WithAckFirst(Parts):
    delivery = AckFirst


class WithSkipsInboxLookup(Parts):
    unit_of_work = SkipsInboxLookup


class WithDualWrite(Parts):
    unit_of_work = DualWrite


class SkipsPredecessorCheck(OutboxScan):
    """Sends a fact without checking that its predecessor was sent."""

    async def _recent(self, owned: Sequence[int]) -> list[Raw] | None:
        return await self._query(owned, self._begins)


class WithSkipsPredecessorCheck(Parts):
    outbox_scan = SkipsPredecessorCheck


class HandsOverBlindly(OutboxScan):
    """Sends a fact of its own without checking that its predecessor was sent."""

    def _continues(self, rows: Sequence[Raw]) -> bool:  # noqa: ARG002
        return True


class WithHandsOverBlindly(Parts):
    outbox_scan = HandsOverBlindly


class ForgetsUnsent(OutboxScan):
    """Takes what it returned for sent."""

    async def next_rows(self, owned: Sequence[int]) -> list[Raw]:
        rows = await super().next_rows(owned)
        self._returned = 0
        self.sent(rows)
        return rows


class WithForgetsUnsent(Parts):
    outbox_scan = ForgetsUnsent


class WithMarksFirst(Parts):
    relay = MarksFirst


CONTROLS: dict[str, tuple[str, type[Parts]]] = {
    "no-inbox": ("receipts are neither written nor read", WithNoInbox),
    "hopes-on": (
        "a repeated input is refused or parked again, without checking its receipt",
        WithSkipsInboxLookup,
    ),
    "no-fence": ("a former owner commits like the present one", WithNoFence),
    "ack-first": ("the offset advances before the commit", WithAckFirst),
    "dual-write": ("facts are published before the commit", WithDualWrite),
    "marks-first": ("the relay marks facts as sent before the acknowledgement", WithMarksFirst),
    "hides": ("the relay sends a fact without checking its predecessor", WithSkipsPredecessorCheck),
    "hands-over-blindly": (
        "the relay sends a fact of its own process without checking its predecessor",
        WithHandsOverBlindly,
    ),
    "forgets-unsent": (
        "the relay sends facts of its own process although an earlier sweep did not send all",
        WithForgetsUnsent,
    ),
    "majority": (
        "the relay's sweep reads without a snapshot and sees a later commit without an earlier one",
        WithNoSnapshot,
    ),
    "no-task-check": ("a timer or job is handled without checking that it is still pending", WithNoTaskCheck),
    "by-name": ("a recreated topic is taken for the former one", WithTopicsByName),
    "believes-all": ("records fetched before a topic was recreated are handled afterwards", WithAcceptsStale),
    "forgetful": ("sent facts are not kept for a broker that loses its disk", WithDropsSentEvents),
    "passes-over": ("a batch is passed over when one record of it changes nothing", WithPassesOver),
    "parks-all": ("a whole batch is parked when the store rejects one document", WithParksAll),
    "discards-first": ("a discard is audited after the records are gone", WithDiscardsFirst),
    "no-fingerprint": ("another body under a known id is answered like the first", WithNoFingerprint),
    "stale-reference": ("reference data are used without reading their version again", WithStaleReference),
    "overlooks-parked": ("a partition is taken over without looking for parked keys", WithOverlooksParked),
    "forgets-parked": ("the owner of a partition does not note that it parked a record", WithForgetsParked),
    "no-guard": ("a document that is only read is not guarded", WithNoGuard),
}


def parts_of(control: str) -> type[Parts]:
    """The classes that a world is built from."""
    return CONTROLS[control][1] if control else Parts
