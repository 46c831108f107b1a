"""Negative controls: the runtime with one protection taken out; the checker must see each of them."""

from collections.abc import Mapping, Sequence
from typing import Any

from aiokafka import TopicPartition
from tests.simulation.node import Parts as NodeParts
from tests.simulation.node import SimDelivery, SimRelay

from chassis.claims import FENCES, Claims
from chassis.documents import Raw
from chassis.fold import Fold
from chassis.inputs import Input
from chassis.reading import Parts
from chassis.store import Transaction
from chassis.turn import Turns


class NoFence(Claims):
    """Moves the fence without looking who owns it."""

    async def fence(self, tx: Transaction, ends: Mapping[TopicPartition, int]) -> None:
        names = {str(self.held[tp].fence["_id"]): tp for tp in ends}
        rows = await tx.find(FENCES, list(names))
        moves = [({"_id": name}, rows[name] | {"next": ends[tp]}) for name, tp in sorted(names.items())]
        await tx.replace(FENCES, moves)


class AckFirst(SimDelivery):
    """Advances before it has handled, as a consumer does that commits its offsets first."""

    async def _commit(self, parts: Parts, inputs: Sequence[Input]) -> None:
        for partition, part in parts.items():
            end = part.end
            claim = self.claims.held[partition]
            name = str(claim.fence["_id"])

            async def move(tx: Transaction, name: str = name, end: int = end) -> None:
                row = (await tx.find(FENCES, [name]))[name]
                await tx.replace(FENCES, [({"_id": name}, row | {"next": end})])

            await self.claims.lane_of(partition).transact(move)
            claim.fence = claim.moved(end)
        await super()._commit(parts, inputs)


class DualWrite(Turns):
    """Publishes before it commits."""

    publisher: SimRelay

    async def _write(self, tx: Transaction, fold: Fold) -> None:
        rows, fold.effects.outbox = fold.effects.outbox, []
        producer = await self.publisher._ready()
        targets = await self.publisher._targets(producer, rows)
        for target, part in targets.items():
            await self.publisher._send(producer, target, part)
        await super()._write(tx, fold)


class DeletesFirst(SimRelay):
    """Forgets before the broker has acknowledged."""

    async def _send(self, producer: Any, target: Any, rows: Sequence[Raw]) -> list[Raw]:
        await self._clear(rows)
        return await super()._send(producer, target, rows)


class WithNoFence(NodeParts):
    claims = NoFence


class WithAckFirst(NodeParts):
    delivery = AckFirst


class WithDualWrite(NodeParts):
    turns = DualWrite


class WithDeletesFirst(NodeParts):
    relay = DeletesFirst


CONTROLS: dict[str, tuple[str, type[NodeParts]]] = {
    "no-inbox": ("receipts are neither kept nor read", NodeParts),
    "no-fence": ("a former owner commits like the present one", WithNoFence),
    "ack-first": ("the offset advances before the commit", WithAckFirst),
    "dual-write": ("facts are published before the commit", WithDualWrite),
    "deletes-first": ("the relay forgets before the acknowledgement", WithDeletesFirst),
    "majority": (
        "the relay's sweep reads no snapshot and sees a later commit without an earlier one",
        NodeParts,
    ),
    "no-guard": ("a document that decides is read and not guarded", NodeParts),
}


def parts_of(control: str) -> type[NodeParts]:
    """What the processes of a world are made of."""
    return CONTROLS[control][1] if control else NodeParts
