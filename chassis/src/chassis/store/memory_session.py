"""Sessions and transactions of the store in memory."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from chassis.documents import Raw
from chassis.errors import Conflict, Unmatched
from chassis.store.port import Found, Transaction, Wanted
from chassis.store.rows import copied, matches, storable

if TYPE_CHECKING:
    from chassis.store.memory import MemoryStore

T = TypeVar("T")
Key = tuple[str, str]


@dataclass
class MemoryTransaction:
    """Reads one snapshot; a write conflicts with a later commit and with a transaction that is writing."""

    store: "MemoryStore"
    owner: bytes
    began: int
    changes: dict[Key, Raw | None] = field(default_factory=dict)

    async def _request(self) -> None:
        """The round trip to the store, before each request below."""
        await asyncio.sleep(0)

    def _read(self, key: Key) -> Raw | None:
        if key in self.changes:
            return self.changes[key]
        return self.store.at(key, self.began)

    def _write(self, key: Key, row: Raw | None) -> None:
        if self.store.written.get(key, 0) > self.began or self.store.locks.get(key, self.owner) != self.owner:
            raise Conflict(f"{key[0]}/{key[1]}")
        self.changes[key] = storable(row)
        self.store.locks[key] = self.owner

    def _rows(self, collection: str, ids: Collection[str]) -> dict[str, Raw]:
        """The rows of this snapshot."""
        found = {id_: self._read((collection, id_)) for id_ in ids}
        return {id_: copied(row) for id_, row in found.items() if row is not None}

    async def find(self, collection: str, ids: Sequence[str]) -> dict[str, Raw]:
        await self._request()
        return self._rows(collection, ids)

    async def read(self, wanted: Wanted, versions: Wanted) -> Found:
        if wanted or versions:
            await self._request()
        found = {name: self._rows(name, ids) for name, ids in wanted.items()}
        for name, ids in versions.items():
            rows = self._rows(name, ids)
            found.setdefault(name, {}).update((id_, _version(row)) for id_, row in rows.items())
        return found

    async def insert(self, collection: str, documents: Sequence[Raw]) -> None:
        await self._request()
        for row in documents:
            key = (collection, row["_id"])
            if self._read(key) is not None:
                raise Conflict("duplicate")
            self.store.check_unique(collection, row, self.changes)
            self._write(key, row)

    async def replace(self, collection: str, documents: Sequence[tuple[Mapping[str, Any], Raw]]) -> None:
        await self._request()
        for guard, row in documents:
            key = (collection, row["_id"])
            before = self._read(key)
            if before is None or not matches(before, guard):
                raise Unmatched(f"{collection}: a guard did not match")
            self._write(key, row)

    async def upsert(self, collection: str, documents: Sequence[Raw]) -> None:
        await self._request()
        for row in documents:
            self._write((collection, row["_id"]), row)

    async def touch(self, collection: str, ids: Sequence[str]) -> None:
        await self._request()
        for id_ in ids:
            row = self._read((collection, id_))
            if row is not None:
                self._write((collection, id_), row | {"version": row["version"] + 1})

    async def delete(self, collection: str, ids: Sequence[str]) -> int:
        await self._request()
        there = [id_ for id_ in ids if self._read((collection, id_)) is not None]
        for id_ in there:
            self._write((collection, id_), None)
        return len(there)


def _version(row: Raw) -> Raw:
    return {"_id": row["_id"], "version": row["version"]}


@dataclass
class MemorySession:
    """One session of the memory store."""

    store: "MemoryStore"
    id: bytes

    async def transact(self, work: Callable[[Transaction], Awaitable[T]]) -> T:
        await asyncio.sleep(0)
        tx = MemoryTransaction(self.store, self.id, self.store.now)
        self.store.ended.discard(self.id)
        try:
            result = await work(tx)
            await asyncio.sleep(0)
            if self.id in self.store.ended:
                raise Conflict("the session was ended by a newer owner")
            self.store.commit(tx.changes)
        finally:
            self.store.unlock(self.id)
        return result

    async def close(self) -> None:
        self.store.unlock(self.id)
