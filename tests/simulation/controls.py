"""Negative controls: the runtime with one protection taken out; the checker must see each of them."""

from collections.abc import Mapping, Sequence
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
from chassis.documents import AnyOf, AtLeast, Raw
from chassis.outbox.scan import OutboxScan
from chassis.parking.bulk import BulkDiscard
from chassis.store.collections import AUDIT, FENCES, INBOX, JOBS, OUTBOX, TIMERS
from chassis.store.port import Transaction
from chassis.tasks.run import Run
from chassis.transaction.batch_processor import BatchProcessor
from chassis.transaction.inputs import Input
from chassis.transaction.unit_of_work import UnitOfWork

YOUNG = 0.05  # seconds in which a read that is no snapshot may miss a commit


class NoFence(Claims):
    """Moves the fence without looking who owns it."""

    async def fence(self, tx: Transaction, ends: Mapping[TopicPartition, int]) -> None:
        names = {str(self.held[tp].fence["_id"]): tp for tp in ends}
        rows = await tx.find(FENCES, list(names))
        moves = [({"_id": name}, rows[name] | {"next": ends[tp]}) for name, tp in sorted(names.items())]
        await tx.replace(FENCES, moves)


class AckFirst(SimDelivery):
    """Advances before it has handled, as a consumer does that commits its offsets first."""

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
    """Publishes before it commits."""

    publisher: SimRelay

    async def _write(self, tx: Transaction, processor: BatchProcessor) -> None:
        rows, processor.effects.outbox = processor.effects.outbox, []
        producer = await self.publisher._started_producer()
        targets = await self.publisher._targets(producer, rows)
        for target, part in targets.items():
            await self.publisher._send(producer, target, part)
        await super()._write(tx, processor)


class HopesOn(UnitOfWork):
    """Refuses and parks without looking whether it came before."""

    async def _read(
        self, tx: Transaction, inputs: Sequence[Input], skip_receipts: bool = False
    ) -> BatchProcessor:
        return await super()._read(tx, inputs, skip_receipts or self.optimistic)


class DeletesFirst(SimRelay):
    """Forgets before the broker has acknowledged."""

    async def _send(self, producer: Any, target: Any, rows: Sequence[Raw]) -> list[Raw]:
        await self._remove_sent(rows)
        return await super()._send(producer, target, rows)


class NoInboxTransaction(SimTransaction):
    """Keeps no receipts."""

    async def find(self, collection: str, ids: Sequence[str]) -> dict[str, Raw]:
        return await super().find(collection, ids[:0] if collection == INBOX else ids)

    async def insert(self, collection: str, documents: Sequence[Raw]) -> None:
        await super().insert(collection, documents[:0] if collection == INBOX else documents)


class NoGuardTransaction(SimTransaction):
    """Guards nothing that is only read."""

    async def touch(self, collection: str, ids: Sequence[str]) -> None:
        await super().touch(collection, ids[:0])


class NoInbox(SimStore):
    transaction = NoInboxTransaction


class NoGuard(SimStore):
    transaction = NoGuardTransaction


class NoSnapshot(SimStore):
    """Sees a later commit without an earlier one, while both are young."""

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
    """Finds timers and jobs that have been handled already."""

    async def find(self, collection: str, ids: Sequence[str]) -> dict[str, Raw]:
        found = await super().find(collection, ids)
        if collection in (TIMERS, JOBS):
            versions = self.store.tables.get(collection, {})
            for id_ in ids:
                latest = [row for _, row in versions.get(id_, ()) if row is not None]
                found |= {id_: latest[-1]} if latest else {}
        return found


class NoTaskCheck(SimStore):
    transaction = StaleTasks


class ByName(SimDelivery):
    """Knows topics by their names only."""

    async def _topic_ids(self, topics: list[str]) -> dict[str, str]:
        return {name: name for name in await super()._topic_ids(topics)}


class AlwaysFresh(SimSubscription):
    """Believes that what was fetched is of the topic that is there."""

    @property
    def stale(self) -> bool:
        return False

    @stale.setter
    def stale(self, _: bool) -> None:
        """It is not told."""


class BelievesAll(SimDelivery):
    """Handles what it fetched before a topic was made again."""

    def _subscribe(self, instance: str) -> Subscription:  # noqa: ARG002
        return AlwaysFresh()


class Forgetful(SimRelay):
    """Keeps nothing of what was sent."""

    async def _remove_sent(self, rows: Sequence[Raw]) -> None:
        await self.store.delete(OUTBOX, [row["_id"] for row in rows])


class ParksWhole(BatchCommitter):
    """Parks a whole batch for the one record in it that the store cannot keep."""

    async def _bisect(self, inputs: Sequence[Input], ends: Ends) -> None:
        await self.commit_once([replace(item, unreadable="one of these") for item in inputs], ends)


class ParksAll(SimDelivery):
    """Does not look for the one record."""

    def __init__(self, *parts: Any) -> None:
        super().__init__(*parts)
        good = self.batch_committer
        self.batch_committer = ParksWhole(
            good.group, good.claims, good.unit_of_work, good.source, good.stall_detector, good.clock
        )


class DiscardsFirst(BulkDiscard):
    """Writes down afterwards what was given up."""

    async def chunk(self, run: Run) -> Run | None:
        self.noted: list[Raw] = []
        after = await super().chunk(run)
        await self.store.insert_missing(AUDIT, self.noted)
        return after

    async def _note(self, _: Transaction, row: Raw) -> None:
        self.noted = [row]


class WithNoTaskCheck(Parts):
    store = NoTaskCheck


class WithByName(Parts):
    delivery = ByName
    fenced_as = "name"


class WithBelievesAll(Parts):
    delivery = BelievesAll


class WithForgetful(Parts):
    relay = Forgetful


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


class WithAckFirst(Parts):
    delivery = AckFirst


class WithHopesOn(Parts):
    unit_of_work = HopesOn


class WithDualWrite(Parts):
    unit_of_work = DualWrite


class Hides(OutboxScan):
    """Believes a fact without looking for the one before it."""

    async def _recent(self, owned: Sequence[int]) -> list[Raw] | None:
        return await self._query({"slot": AnyOf(owned), "stamp": AtLeast(self._begins)})


class WithHides(Parts):
    outbox_scan = Hides


class WithDeletesFirst(Parts):
    relay = DeletesFirst


CONTROLS: dict[str, tuple[str, type[Parts]]] = {
    "no-inbox": ("receipts are neither kept nor read", WithNoInbox),
    "skip_receipts-on": (
        "what came before is refused or parked anew, without a look at its receipt",
        WithHopesOn,
    ),
    "no-fence": ("a former owner commits like the present one", WithNoFence),
    "ack-first": ("the offset advances before the commit", WithAckFirst),
    "dual-write": ("facts are published before the commit", WithDualWrite),
    "deletes-first": ("the relay forgets before the acknowledgement", WithDeletesFirst),
    "hides": ("the relay sends a fact without looking for the one before it", WithHides),
    "majority": (
        "the relay's sweep reads no snapshot and sees a later commit without an earlier one",
        WithNoSnapshot,
    ),
    "no-task-check": ("a timer or job is handled without looking whether it still waits", WithNoTaskCheck),
    "by-name": ("a topic that was made again is taken for the one before", WithByName),
    "believes-all": ("what was fetched before a topic was made again is handled after it", WithBelievesAll),
    "forgetful": ("what was sent is not kept for a broker that loses its disk", WithForgetful),
    "parks-all": ("a batch is parked for the one record in it that the store cannot keep", WithParksAll),
    "discards-first": ("what an operator gives up is written down after it is gone", WithDiscardsFirst),
    "no-fingerprint": ("another body under a known id passes for the first", WithNoFingerprint),
    "no-guard": ("a document that decides is read and not guarded", WithNoGuard),
}


def parts_of(control: str) -> type[Parts]:
    """What a world is made of."""
    return CONTROLS[control][1] if control else Parts
