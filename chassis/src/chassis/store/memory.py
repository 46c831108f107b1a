"""The store in memory, for tests and simulation: snapshots, write conflicts and leases behave as in the real store."""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from itertools import count
from typing import Any, TypeVar

from chassis.documents import Index, Order, Raw, Where
from chassis.errors import Conflict
from chassis.store.memory_session import Key, MemorySession
from chassis.store.port import Found, StoreSession, Wanted
from chassis.store.rows import copied, matches, only, path, sortable

T = TypeVar("T")


class MemoryStore:
    """One service's database in memory; keeps the promises of `Store` that are visible inside one process."""

    versions = 8  # kept of each document, for transactions with older snapshots

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
        """One request outside transactions, which runs `step` at the store."""
        await asyncio.sleep(0)
        return step()

    def at(self, key: Key, moment: int) -> Raw | None:
        """The document as of a commit number."""
        for number, row in reversed(self.tables.get(key[0], {}).get(key[1], ())):
            if number <= moment:
                return row
        return None

    def commit(self, changes: Mapping[Key, Raw | None]) -> None:
        """Make changes visible under the next commit number."""
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
                for follower in self._followers:
                    follower(collection, row)

    def unlock(self, owner: bytes) -> None:
        """Release the locks of a session."""
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
        """The current documents of a collection; the caller does not change them."""
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

    async def read(self, wanted: Wanted) -> Found:
        def step() -> Found:
            return {
                name: {id_: copied(row) for id_ in ids if (row := self.at((name, id_), self.now)) is not None}
                for name, ids in wanted.items()
            }

        return await self._asked(step)

    async def query(
        self, collection: str, where: Where, order: Order = (), limit: int = 0, fields: Sequence[str] = ()
    ) -> list[Raw]:
        def step() -> list[Raw]:
            found = [row for row in self.all(collection) if matches(row, where)]
            for name, direction in reversed(order):
                found.sort(key=lambda row: sortable(path(row, name)), reverse=direction < 0)
            found = found[:limit] if limit else found
            return [copied(only(row, fields) if fields else row) for row in found]

        return await self._asked(step)

    async def count(self, collection: str, where: Where) -> int:
        return len(await self.query(collection, where))

    async def counts(self, where: Mapping[str, Where], most: int = 0) -> dict[str, int]:
        return {name: len(await self.query(name, which, limit=most)) for name, which in where.items()}

    async def delete(self, collection: str, ids: Sequence[str]) -> int:
        def step() -> int:
            there = [key for key in keys if self.at(key, self.now) is not None]
            self.commit(dict.fromkeys(there))
            return len(there)

        keys = [(collection, id_) for id_ in ids]
        return await self._asked(step, keys)

    async def update(
        self, collection: str, ids: Sequence[str], fields: Mapping[str, Any], renamed: Mapping[str, str]
    ) -> int:
        def step() -> int:
            there = {key: row for key in keys if (row := self.at(key, self.now)) is not None}
            changed = {
                key: {renamed.get(name, name): value for name, value in row.items()} | dict(fields)
                for key, row in there.items()
            }
            self.commit(changed)
            return len(changed)

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
        notify: Callable[[str, Any], None],
        keep_going: Callable[[], bool],
    ) -> None:
        def follower(collection: str, row: Raw) -> None:
            if collection in collections:
                notify(collection, row.get(field))

        self._followers.append(follower)
        try:
            while keep_going():
                await asyncio.sleep(0.05)
        finally:
            self._followers.remove(follower)

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
