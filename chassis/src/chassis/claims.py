"""Claims: which partitions this process owns, up to where each is handled, and the fence that keeps others out."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from aiokafka import TopicPartition

from chassis.documents import Raw
from chassis.errors import Fenced
from chassis.store import Lane, Store, Transaction

FENCES = "fences"


@dataclass
class Claim:
    """One partition of one topic incarnation; `next` is the offset that must come now."""

    fence: Raw

    @property
    def next(self) -> int:
        """The first offset that has not been handled."""
        return int(self.fence["next"])

    def moved(self, offset: int) -> Raw:
        """The fence once everything before `offset` is handled."""
        return self.fence | {"next": offset}


@dataclass
class Claims:
    """The partitions of one consumer group that this process has claimed."""

    group: str
    store: Store
    lane: Lane
    held: dict[TopicPartition, Claim] = field(default_factory=dict)

    async def take(self, partition: TopicPartition, topic_id: str) -> Claim:
        """Become the owner: the former owner's open transaction is ended first, or its locks would hold the fence."""
        name = f"{self.group}|{topic_id}|{partition.partition}"
        before = await self.store.get(FENCES, name)
        if before is not None and before["session"] != self.lane.id:
            await self.store.end_lane(before["session"])
        mine = {"session": self.lane.id, "topic": partition.topic, "partition": partition.partition}
        _, after = await self.store.claim(FENCES, name, mine)
        claim = self.held[partition] = Claim(after)
        return claim

    async def fence(self, tx: Transaction, ends: Mapping[TopicPartition, int]) -> None:
        """Move the fences inside a transaction; raises Fenced where they are not as this process left them."""
        wanted = {str(self.held[tp].fence["_id"]): tp for tp in ends}
        rows = await tx.find(FENCES, list(wanted))
        for name, partition in wanted.items():
            row, mine = rows.get(name), self.held[partition].fence
            if row is None or row["epoch"] != mine["epoch"] or row["next"] != mine["next"]:
                raise Fenced(name)
        moves = [
            ({"_id": name, "epoch": self.held[tp].fence["epoch"]}, self.held[tp].moved(ends[tp]))
            for name, tp in sorted(wanted.items())
        ]
        await tx.replace(FENCES, moves)

    async def look(self, partition: TopicPartition) -> bool:
        """Read where a fence stands; false when somebody newer owns the partition, which is then dropped."""
        claim = self.held.get(partition)
        if claim is None:
            return False
        row = await self.store.get(FENCES, claim.fence["_id"])
        if row is None or row["epoch"] != claim.fence["epoch"]:
            del self.held[partition]
            return False
        claim.fence = row
        return True
