"""Claims: the partitions that this process owns, the offset up to which each is handled, and the fence that excludes other owners."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from aiokafka import TopicPartition

from chassis.documents import Between, Raw
from chassis.errors import Fenced, Unmatched
from chassis.store.collections import FENCES, PARKED_KEYS
from chassis.store.port import Store, StoreSession, Transaction
from chassis.transaction.parked import parked_key_id

T = TypeVar("T")
LAST = "\U0010ffff"  # after every other character


@dataclass
class Claim:
    """One partition of one topic incarnation; `next` is the offset that must come next.

    `topic_recreated` is true when another topic of this name was read before: it was deleted and created again.
    `may_be_parked` is false while no key of the topic was ever parked: whoever parks the first record of a partition owns it, so
    that the owner knows, and the next owner looks after its claim.
    """

    fence: Raw
    topic_recreated: bool = False
    may_be_parked: bool = True
    passed: int = 0

    @property
    def next(self) -> int:
        """The first offset that has not been handled: the fence's, or further where records were passed over since."""
        return max(int(self.fence["next"]), self.passed)

    def advanced(self, offset: int) -> Raw:
        """The fence after everything before `offset` is handled."""
        return self.fence | {"next": offset}


@dataclass
class Claims:
    """The partitions of one consumer group that this process has claimed.

    Each partition belongs to one worker. Partitions with the same number of different topics hold the same keys and belong
    to the same worker, so that two workers rarely conflict on a document; while one waits for the store, the other runs.
    """

    group: str
    store: Store
    workers: Sequence[StoreSession]
    held: dict[TopicPartition, Claim] = field(default_factory=dict)

    def worker_of(self, partition: TopicPartition) -> StoreSession:
        """The session on which everything of this partition is committed."""
        number: int = partition.partition
        return self.workers[number % len(self.workers)]

    def by_worker(self, parts: Mapping[TopicPartition, T]) -> dict[bytes, dict[TopicPartition, T]]:
        """The partitions grouped by worker: each group is committed in one transaction. The keys are session ids."""
        shares: dict[bytes, dict[TopicPartition, T]] = {}
        for partition, found in parts.items():
            shares.setdefault(self.worker_of(partition).id, {})[partition] = found
        return shares

    def shares(self) -> list[Collection[TopicPartition]]:
        """The claimed partitions of each worker that has any."""
        return list(self.by_worker(self.held).values())

    async def acquire(self, partition: TopicPartition, topic_id: str) -> Claim:
        """Become the owner. The session of the former owner is ended first, because the locks of an open transaction would block the fence."""
        name = f"{self.group}|{topic_id}|{partition.partition}"
        before = await self.store.get(FENCES, name)
        if before is not None and before["session"] not in {one.id for one in self.workers}:
            await self.store.end_session(before["session"])
        where = {"topic": partition.topic, "partition": partition.partition}
        mine = {"session": self.worker_of(partition).id} | where
        _, after = await self.store.claim(FENCES, name, mine)
        topic_recreated = before is None and await self._delete_former(partition, name)
        parked = await self._ever_parked(partition.topic)
        claim = self.held[partition] = Claim(after, topic_recreated, parked)
        return claim

    async def _ever_parked(self, topic: str) -> bool:
        """Whether a key of this topic was ever parked, by a former owner or by us; documents of parked keys are never deleted."""
        first = parked_key_id(self.group, topic, "")
        return bool(await self.store.query(PARKED_KEYS, {"_id": Between(first, first + LAST)}, limit=1))

    def passed(self) -> dict[TopicPartition, int]:
        """Where the fences are to be moved: behind the records that were passed over without a transaction."""
        return {tp: claim.next for tp, claim in self.held.items() if claim.passed > claim.fence["next"]}

    def may_be_parked(self, partitions: Collection[TopicPartition]) -> bool:
        """Whether a key in one of these partitions may have been parked; false is certain while the fence holds."""
        return any(self.held[tp].may_be_parked for tp in partitions if tp in self.held)

    def note_parked(self, partitions: Collection[TopicPartition]) -> None:
        """Records of these partitions are about to be parked; noted before the commit, whose outcome may stay unknown."""
        for partition in partitions:
            if partition in self.held:
                self.held[partition].may_be_parked = True

    async def _delete_former(self, partition: TopicPartition, name: str) -> bool:
        """Delete the fences of deleted topics with this name, so that nothing is committed under one again."""
        where = {"topic": partition.topic, "partition": partition.partition}
        rows = await self.store.query(FENCES, where)
        others = [
            row["_id"] for row in rows if row["_id"] != name and row["_id"].startswith(f"{self.group}|")
        ]
        if others:
            await self.store.delete(FENCES, others)
        return bool(others)

    async def fence(self, tx: Transaction, ends: Mapping[TopicPartition, int]) -> None:
        """Move the fences inside a transaction; raises Fenced where another owner has changed one."""
        moves = [
            ({name: claim.fence[name] for name in ("_id", "epoch", "next")}, claim.advanced(ends[tp]))
            for tp, claim in sorted(self.held.items())
            if tp in ends
        ]
        try:
            await tx.replace(FENCES, moves)
        except Unmatched as other:
            raise Fenced(f"{len(moves)} fences of {self.group}") from other

    async def refresh(self, partition: TopicPartition) -> bool:
        """Read the fence again; returns false, and drops the claim, when a newer owner has the partition."""
        claim = self.held.get(partition)
        if claim is None:
            return False
        row = await self.store.get(FENCES, claim.fence["_id"])
        if row is None or row["epoch"] != claim.fence["epoch"]:
            del self.held[partition]
            return False
        claim.fence = row
        return True
