"""The store in memory: snapshots, write conflicts and leases as the real one has them, for tests and simulation; and tokens."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any, TypeVar

from chassis.documents import Index, Order, Raw, Where
from chassis.errors import Conflict, Unmatched
from chassis.store.port import StoreSession, Transaction
from chassis.store.rows import copied, kept, matches, path, sortable

T = TypeVar("T")
Key = tuple[str, str]


@dataclass
class MemoryTransaction:
    """Reads one snapshot; a write fails where another transaction wrote after it or is writing."""

    store: "MemoryStore"
    owner: bytes
    began: int
    changes: dict[Key, Raw | None] = field(default_factory=dict)

    async def _request(self) -> None:
        """The way to the store, before each of the requests below."""
        await asyncio.sleep(0)

    def _read(self, key: Key) -> Raw | None:
        if key in self.changes:
            return self.changes[key]
        return self.store.at(key, self.began)

    def _write(self, key: Key, row: Raw | None) -> None:
        if self.store.written.get(key, 0) > self.began or self.store.locks.get(key, self.owner) != self.owner:
            raise Conflict(f"{key[0]}/{key[1]}")
        self.changes[key] = kept(row)
        self.store.locks[key] = self.owner

    async def find(self, collection: str, ids: Sequence[str]) -> dict[str, Raw]:
        await self._request()
        found = {id_: self._read((collection, id_)) for id_ in ids}
        return {id_: copied(row) for id_, row in found.items() if row is not None}

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


class MemoryStore:
    """One service's database in memory; keeps the promises of `Store` that one process can see."""

    versions = 8  # of each document, for the transactions that began before the latest

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self.now = 0
        self.tables: dict[str, dict[str, list[tuple[int, Raw | None]]]] = {}
        self.latest: dict[str, dict[str, Raw]] = {}
        self.written: dict[Key, int] = {}
        self.locks: dict[Key, bytes] = {}
        self.ended: set[bytes] = set()
        self._unique: list[Index] = []
        self._followers: list[Callable[[str, Raw], None]] = []
        self._leases: dict[str, tuple[str, float, int]] = {}
        self._sessions = count(1)
        self._monotonic = monotonic

    async def _asked(self, step: Callable[[], T], writes: Sequence[Key] = ()) -> T:
        """One request outside transactions, which does `step` at the store."""
        await asyncio.sleep(0)
        return step()

    def at(self, key: Key, moment: int) -> Raw | None:
        """The document as it was at a commit number."""
        for number, row in reversed(self.tables.get(key[0], {}).get(key[1], ())):
            if number <= moment:
                return row
        return None

    def commit(self, changes: Mapping[Key, Raw | None]) -> None:
        """Make changes visible at the next commit number."""
        self.now += 1
        for key, row in changes.items():
            collection, id_ = key
            versions = self.tables.setdefault(collection, {}).setdefault(id_, [])
            versions.append((self.now, row))
            del versions[: -self.versions]
            self.written[key] = self.now
            latest = self.latest.setdefault(collection, {})
            if row is None:
                latest.pop(id_, None)
            else:
                latest[id_] = row
                for tell in self._followers:
                    tell(collection, row)

    def unlock(self, owner: bytes) -> None:
        """Free the locks of a session."""
        self.locks = {key: holder for key, holder in self.locks.items() if holder != owner}

    def check_unique(self, collection: str, row: Raw, pending: Mapping[Key, Raw | None]) -> None:
        """Raise Conflict where a unique index would."""
        for index in self._unique:
            if index.collection != collection:
                continue
            mine = [path(row, name) for name, _ in index.fields]
            others = self.all(collection) + [
                r for (c, _), r in pending.items() if c == collection and r is not None
            ]
            if any(
                o["_id"] != row["_id"] and [path(o, name) for name, _ in index.fields] == mine for o in others
            ):
                raise Conflict("duplicate")

    def all(self, collection: str) -> list[Raw]:
        """The documents of a collection as they are now; whoever looks does not change them."""
        return list(self.latest.get(collection, {}).values())

    async def session(self) -> StoreSession:
        return MemorySession(self, next(self._sessions).to_bytes(16))

    async def end_session(self, session_id: bytes) -> None:
        def step() -> None:
            self.ended.add(session_id)
            self.unlock(session_id)

        await self._asked(step)

    async def get(self, collection: str, id: str) -> Raw | None:  # noqa: A002
        found: Raw | None = await self._asked(lambda: copied(self.at((collection, id), self.now)))
        return found

    async def query(self, collection: str, where: Where, order: Order = (), limit: int = 0) -> list[Raw]:
        def step() -> list[Raw]:
            found = [row for row in self.all(collection) if matches(row, where)]
            for name, direction in reversed(order):
                found.sort(key=lambda row: sortable(path(row, name)), reverse=direction < 0)
            return [copied(row) for row in (found[:limit] if limit else found)]

        return await self._asked(step)

    async def count(self, collection: str, where: Where) -> int:
        return len(await self.query(collection, where))

    async def delete(self, collection: str, ids: Sequence[str]) -> int:
        def step() -> int:
            there = [key for key in keys if self.at(key, self.now) is not None]
            self.commit(dict.fromkeys(there))
            return len(there)

        keys = [(collection, id_) for id_ in ids]
        return await self._asked(step, keys)

    async def insert_missing(self, collection: str, documents: Sequence[Raw]) -> int:
        def step() -> int:
            fresh = {key: row for key, row in rows.items() if self.at(key, self.now) is None}
            self.commit(fresh)
            return len(fresh)

        rows = {(collection, row["_id"]): copied(row) for row in documents}
        return await self._asked(step, list(rows))

    async def claim(self, collection: str, id: str, changes: Mapping[str, Any]) -> tuple[Raw | None, Raw]:  # noqa: A002
        key = (collection, id)

        def step() -> tuple[Raw | None, Raw]:
            before = self.at(key, self.now)
            after: Raw = {"_id": id, "next": 0, "epoch": 0} | (before or {}) | dict(changes)
            after["epoch"] += 1
            self.commit({key: after})
            return copied(before), copied(after)

        return await self._asked(step, [key])

    async def lease(self, id: str, holder: str, seconds: float) -> int | None:  # noqa: A002
        def step() -> int | None:
            now = self._monotonic()
            owner, until, epoch = self._leases.get(id, ("", now, 0))
            if owner != holder:
                if owner and until > now:
                    return None
                epoch += 1
            self._leases[id] = (holder, now + seconds, epoch)
            return epoch

        return await self._asked(step, [("leases", id)])

    async def renew(self, ids: Sequence[str], holder: str, seconds: float) -> list[str]:
        def step() -> list[str]:
            kept = [id_ for id_ in ids if self._leases.get(id_, ("", 0.0, 0))[0] == holder]
            for id_ in kept:
                self._leases[id_] = (holder, self._monotonic() + seconds, self._leases[id_][2])
            return kept

        return await self._asked(step, [("leases", id_) for id_ in ids])

    async def release(self, id: str, holder: str) -> None:  # noqa: A002
        def step() -> None:
            owner, _, epoch = self._leases.get(id, ("", 0.0, 0))
            if owner == holder:
                self._leases[id] = ("", 0.0, epoch)

        await self._asked(step, [("leases", id)])

    async def live_leases(self, prefix: str) -> list[str]:
        def step() -> list[str]:
            now, leases = self._monotonic(), self._leases.items()
            return [
                id_ for id_, (owner, until, _) in leases if id_.startswith(prefix) and owner and until > now
            ]

        return await self._asked(step)

    async def follow(
        self,
        collections: Sequence[str],
        field: str,
        heard: Callable[[str, Any], None],
        more: Callable[[], bool],
    ) -> None:
        def tell(collection: str, row: Raw) -> None:
            if collection in collections:
                heard(collection, row.get(field))

        self._followers.append(tell)
        try:
            while more():
                await asyncio.sleep(0.05)
        finally:
            self._followers.remove(tell)

    async def ensure(self, collections: Sequence[str], indexes: Sequence[Index]) -> None:
        self._unique += [index for index in indexes if index.unique and index not in self._unique]

    async def names(self, prefix: str) -> list[str]:
        return await self._asked(lambda: sorted(name for name in self.tables if name.startswith(prefix)))

    async def drop(self, collection: str) -> None:
        def step() -> None:
            self.tables.pop(collection, None)
            self.latest.pop(collection, None)

        await self._asked(step)

    async def ping(self) -> None:
        await asyncio.sleep(0)

    async def close(self) -> None:
        return
