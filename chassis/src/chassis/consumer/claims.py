"""Claims: which partitions this process owns, up to where each is handled, and the fence that keeps others out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from aiokafka import TopicPartition

from chassis.documents import Raw
from chassis.errors import Fenced, Unmatched
from chassis.store.collections import FENCES
from chassis.store.port import Store, StoreSession, Transaction

T = TypeVar("T")


@dataclass
class Claim:
    """One partition of one topic incarnation; `next` is the offset that must come now.

    `made_again` says that another topic of this name was read before: it was deleted and made anew.
    """

    fence: Raw
    made_again: bool = False

    @property
    def next(self) -> int:
        """The first offset that has not been handled."""
        return int(self.fence["next"])

    def moved(self, offset: int) -> Raw:
        """The fence once everything before `offset` is handled."""
        return self.fence | {"next": offset}


@dataclass
class Claims:
    """The partitions of one consumer group that this process has claimed.

    Each partition belongs to one lane. The same partition of another topic, where the same keys lie, belongs to the same
    one, so that lanes seldom meet on a document; while one waits for the store the other can work.
    """

    group: str
    store: Store
    workers: Sequence[StoreSession]
    held: dict[TopicPartition, Claim] = field(default_factory=dict)

    def worker_of(self, partition: TopicPartition) -> StoreSession:
        """The session that everything of this partition is committed on."""
        number: int = partition.partition
        return self.workers[number % len(self.workers)]

    def by_worker(self, parts: Mapping[TopicPartition, T]) -> dict[bytes, dict[TopicPartition, T]]:
        """The partitions that go together into one transaction, by the id of their lane."""
        shares: dict[bytes, dict[TopicPartition, T]] = {}
        for partition, found in parts.items():
            shares.setdefault(self.worker_of(partition).id, {})[partition] = found
        return shares

    async def take(self, partition: TopicPartition, topic_id: str) -> Claim:
        """Become the owner: the former owner's open transaction is ended first, or its locks would hold the fence."""
        name = f"{self.group}|{topic_id}|{partition.partition}"
        before = await self.store.get(FENCES, name)
        if before is not None and before["session"] not in {one.id for one in self.workers}:
            await self.store.end_session(before["session"])
        where = {"topic": partition.topic, "partition": partition.partition}
        mine = {"session": self.worker_of(partition).id} | where
        _, after = await self.store.claim(FENCES, name, mine)
        made_again = before is None and await self._forget_others(partition, name)
        claim = self.held[partition] = Claim(after, made_again)
        return claim

    async def _forget_others(self, partition: TopicPartition, name: str) -> bool:
        """Remove the fences of topics that had this name before, so that nobody commits under one any more."""
        where = {"topic": partition.topic, "partition": partition.partition}
        rows = await self.store.query(FENCES, where)
        others = [
            row["_id"] for row in rows if row["_id"] != name and row["_id"].startswith(f"{self.group}|")
        ]
        if others:
            await self.store.delete(FENCES, others)
        return bool(others)

    async def fence(self, tx: Transaction, ends: Mapping[TopicPartition, int]) -> None:
        """Move the fences inside a transaction; raises Fenced where they are not as this process left them."""
        moves = [
            ({name: claim.fence[name] for name in ("_id", "epoch", "next")}, claim.moved(ends[tp]))
            for tp, claim in sorted(self.held.items())
            if tp in ends
        ]
        try:
            await tx.replace(FENCES, moves)
        except Unmatched as other:
            raise Fenced(f"{len(moves)} fences of {self.group}") from other

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
