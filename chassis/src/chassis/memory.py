"""The store in memory: snapshots, write conflicts and leases as the real one has them, for tests and simulation; and tokens."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any, TypeVar

from chassis.documents import Raw
from chassis.errors import Conflict, Poison
from chassis.store import AnyOf, AtLeast, AtMost, Index, Order, Transaction, Where
from chassis.tokens import Principal, invalid_token

T = TypeVar("T")
Key = tuple[str, str]


@dataclass
class MemoryTransaction:
    """Reads one snapshot; a write fails where another transaction wrote after it or is writing."""

    store: "MemoryStore"
    owner: bytes
    began: int
    changes: dict[Key, Raw | None] = field(default_factory=dict)

    def _read(self, key: Key) -> Raw | None:
        if key in self.changes:
            return self.changes[key]
        return self.store.at(key, self.began)

    def _write(self, key: Key, row: Raw | None) -> None:
        if self.store.written.get(key, 0) > self.began or self.store.locks.get(key, self.owner) != self.owner:
            raise Conflict(f"{key[0]}/{key[1]}")
        self.store.locks[key] = self.owner
        self.changes[key] = _kept(row)

    async def find(self, collection: str, ids: Sequence[str]) -> dict[str, Raw]:
        await asyncio.sleep(0)
        found = {id_: self._read((collection, id_)) for id_ in ids}
        return {id_: _copied(row) for id_, row in found.items() if row is not None}

    async def insert(self, collection: str, documents: Sequence[Raw]) -> None:
        await asyncio.sleep(0)
        for row in documents:
            key = (collection, row["_id"])
            if self._read(key) is not None:
                raise Conflict("duplicate")
            self.store.check_unique(collection, row, self.changes)
            self._write(key, row)

    async def replace(self, collection: str, documents: Sequence[tuple[Mapping[str, Any], Raw]]) -> None:
        await asyncio.sleep(0)
        for guard, row in documents:
            key = (collection, row["_id"])
            before = self._read(key)
            if before is None or not _matches(before, guard):
                raise Conflict(f"{collection}: a guard did not match")
            self._write(key, row)

    async def upsert(self, collection: str, documents: Sequence[Raw]) -> None:
        await asyncio.sleep(0)
        for row in documents:
            self._write((collection, row["_id"]), row)

    async def touch(self, collection: str, ids: Sequence[str]) -> None:
        await asyncio.sleep(0)
        for id_ in ids:
            row = self._read((collection, id_))
            if row is not None:
                self._write((collection, id_), row | {"version": row["version"] + 1})

    async def delete(self, collection: str, ids: Sequence[str]) -> int:
        await asyncio.sleep(0)
        there = [id_ for id_ in ids if self._read((collection, id_)) is not None]
        for id_ in there:
            self._write((collection, id_), None)
        return len(there)


@dataclass
class MemoryLane:
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

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self.now = 0
        self.rows: dict[Key, list[tuple[int, Raw | None]]] = {}
        self.written: dict[Key, int] = {}
        self.locks: dict[Key, bytes] = {}
        self.ended: set[bytes] = set()
        self._unique: list[Index] = []
        self._leases: dict[str, tuple[str, float, int]] = {}
        self._lanes = count(1)
        self._monotonic = monotonic

    def at(self, key: Key, moment: int) -> Raw | None:
        """The document as it was at a commit number."""
        for number, row in reversed(self.rows.get(key, [])):
            if number <= moment:
                return row
        return None

    def commit(self, changes: Mapping[Key, Raw | None]) -> None:
        """Make changes visible at the next commit number."""
        self.now += 1
        for key, row in changes.items():
            versions = self.rows.setdefault(key, [])
            versions.append((self.now, row))
            del versions[:-8]
            self.written[key] = self.now

    def unlock(self, owner: bytes) -> None:
        """Free the locks of a session."""
        self.locks = {key: holder for key, holder in self.locks.items() if holder != owner}

    def check_unique(self, collection: str, row: Raw, pending: Mapping[Key, Raw | None]) -> None:
        """Raise Conflict where a unique index would."""
        for index in self._unique:
            if index.collection != collection:
                continue
            mine = [_path(row, name) for name, _ in index.fields]
            others = self._all(collection) + [
                r for (c, _), r in pending.items() if c == collection and r is not None
            ]
            if any(
                o["_id"] != row["_id"] and [_path(o, name) for name, _ in index.fields] == mine
                for o in others
            ):
                raise Conflict("duplicate")

    def _all(self, collection: str) -> list[Raw]:
        latest = [versions[-1][1] for (name, _), versions in self.rows.items() if name == collection]
        return [row for row in latest if row is not None]

    async def lane(self) -> MemoryLane:
        return MemoryLane(self, next(self._lanes).to_bytes(16))

    async def end_lane(self, lane_id: bytes) -> None:
        self.ended.add(lane_id)
        self.unlock(lane_id)

    async def get(self, collection: str, id: str) -> Raw | None:  # noqa: A002
        await asyncio.sleep(0)
        found: Raw | None = _copied(self.at((collection, id), self.now))
        return found

    async def query(self, collection: str, where: Where, order: Order = (), limit: int = 0) -> list[Raw]:
        await asyncio.sleep(0)
        found = [_copied(row) for row in self._all(collection) if _matches(row, where)]
        for name, direction in reversed(order):
            found.sort(key=lambda row: _sortable(_path(row, name)), reverse=direction < 0)
        return found[:limit] if limit else found

    async def count(self, collection: str, where: Where) -> int:
        return len(await self.query(collection, where))

    async def delete(self, collection: str, ids: Sequence[str]) -> int:
        await asyncio.sleep(0)
        keys = [(collection, id_) for id_ in ids if self.at((collection, id_), self.now) is not None]
        self.commit(dict.fromkeys(keys))
        return len(keys)

    async def insert_missing(self, collection: str, documents: Sequence[Raw]) -> int:
        await asyncio.sleep(0)
        fresh = {(collection, row["_id"]): _copied(row) for row in documents}
        fresh = {key: row for key, row in fresh.items() if self.at(key, self.now) is None}
        self.commit(fresh)
        return len(fresh)

    async def claim(self, collection: str, id: str, changes: Mapping[str, Any]) -> tuple[Raw | None, Raw]:  # noqa: A002
        await asyncio.sleep(0)
        before = self.at((collection, id), self.now)
        after: Raw = {"_id": id, "next": 0, "epoch": 0} | (before or {}) | dict(changes)
        after["epoch"] += 1
        self.commit({(collection, id): after})
        return _copied(before), _copied(after)

    async def lease(self, id: str, holder: str, seconds: float) -> int | None:  # noqa: A002
        await asyncio.sleep(0)
        now = self._monotonic()
        owner, until, epoch = self._leases.get(id, ("", now, 0))
        if owner != holder:
            if owner and until > now:
                return None
            epoch += 1
        self._leases[id] = (holder, now + seconds, epoch)
        return epoch

    async def release(self, id: str, holder: str) -> None:  # noqa: A002
        owner, _, epoch = self._leases.get(id, ("", 0.0, 0))
        if owner == holder:
            self._leases[id] = ("", 0.0, epoch)

    async def live_leases(self, prefix: str) -> list[str]:
        now = self._monotonic()
        return [
            id_
            for id_, (owner, until, _) in self._leases.items()
            if id_.startswith(prefix) and owner and until > now
        ]

    async def ensure(self, collections: Sequence[str], indexes: Sequence[Index]) -> None:
        self._unique += [index for index in indexes if index.unique and index not in self._unique]

    async def names(self, prefix: str) -> list[str]:
        await asyncio.sleep(0)
        return sorted({name for name, _ in self.rows if name.startswith(prefix)})

    async def drop(self, collection: str) -> None:
        await asyncio.sleep(0)
        self.rows = {key: versions for key, versions in self.rows.items() if key[0] != collection}

    async def ping(self) -> None:
        await asyncio.sleep(0)

    async def close(self) -> None:
        return


def _kept(value: Any) -> Any:
    """A row of its own, if a real store could keep it: 64-bit numbers, text that has a form in UTF-8."""
    kind = type(value)
    if kind is str and not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError as error:
            raise Poison("the store cannot keep it: UnicodeEncodeError") from error
    elif kind is int and not -(2**63) <= value < 2**63:
        raise Poison("the store cannot keep it: OverflowError")
    elif kind is dict:
        return {name: _kept(part) for name, part in value.items()}
    elif kind in (list, tuple):
        return [_kept(part) for part in value]
    return value


def _copied(value: Any) -> Any:
    """A row of its own: what a row is made of is rebuilt, what it holds cannot change."""
    if isinstance(value, dict):
        return {name: _copied(part) for name, part in value.items()}
    return [_copied(part) for part in value] if isinstance(value, list | tuple) else value


def _path(row: Mapping[str, Any], name: str) -> Any:
    value: Any = row
    for part in name.split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    return value


def _matches(row: Mapping[str, Any], where: Mapping[str, Any]) -> bool:
    return all(_holds(_path(row, name), wanted) for name, wanted in where.items())


def _holds(value: Any, wanted: Any) -> bool:
    match wanted:
        case AnyOf(values):
            return value in values
        case AtMost(limit):
            return value is not None and value <= limit
        case AtLeast(limit):
            return value is not None and value >= limit
        case _:
            return bool(value == wanted)


def _sortable(value: Any) -> tuple[bool, Any]:
    return (value is not None, value)


class MemoryTokens:
    """Tokens that were agreed on: each is one role's, and its word is the subject."""

    def __init__(self, roles: Mapping[str, str]) -> None:
        self._roles = dict(roles)

    async def read(self, token: str) -> Principal:
        """Who shows it; raises Refused (401)."""
        if token not in self._roles:
            raise invalid_token("The token is not one for here (unknown).")
        return Principal(token, frozenset({self._roles[token]}))

    async def close(self) -> None:
        """Nothing is open."""
