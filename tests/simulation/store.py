"""A store that fails as a database does: late, half-way, or after it did what it was asked."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextvars import Context
from dataclasses import dataclass
from typing import Any, TypeVar

from tests.simulation.chance import Chance
from tests.simulation.loop import SimLoop

from chassis.documents import Raw
from chassis.errors import Conflict, Unavailable
from chassis.memory import MemoryStore, MemoryTransaction
from chassis.store import Order, Transaction, Where
from chassis.turn import INBOX

T = TypeVar("T")
Key = tuple[str, str]

LIFETIME = 5.0  # seconds until the server ends a transaction that nobody goes on with
SOCKET_SECONDS = 15.0
YOUNG = 0.05  # seconds in which a read that is no snapshot may miss a commit


@dataclass
class SimTransaction(MemoryTransaction):
    """One open transaction; its locks stay when its owner dies, until it is ended or too old."""

    opened: float = 0.0
    ended: bool = False

    async def find(self, collection: str, ids: Sequence[str]) -> dict[str, Raw]:
        await self._hop()
        if collection == INBOX and self._sim.chance.control == "no-inbox":
            return {}
        return await super().find(collection, ids)

    async def insert(self, collection: str, documents: Sequence[Raw]) -> None:
        await self._hop()
        if collection == INBOX and self._sim.chance.control == "no-inbox":
            return
        await super().insert(collection, documents)

    async def replace(self, collection: str, documents: Sequence[tuple[Mapping[str, Any], Raw]]) -> None:
        await self._hop()
        await super().replace(collection, documents)

    async def upsert(self, collection: str, documents: Sequence[Raw]) -> None:
        await self._hop()
        await super().upsert(collection, documents)

    async def touch(self, collection: str, ids: Sequence[str]) -> None:
        await self._hop()
        if self._sim.chance.control != "no-guard":
            await super().touch(collection, ids)

    async def delete(self, collection: str, ids: Sequence[str]) -> int:
        await self._hop()
        return await super().delete(collection, ids)

    @property
    def _sim(self) -> "SimStore":
        assert isinstance(self.store, SimStore)
        return self.store

    def _write(self, key: Key, row: Raw | None) -> None:
        self.check()
        super()._write(key, row)

    def check(self) -> None:
        """Raise Conflict when the server has ended this transaction."""
        self._sim.reap()
        if self.ended:
            raise Conflict("no such transaction")

    async def _hop(self) -> None:
        await self._sim.message()
        self.check()
        if self._sim.chance.hits("conflict"):
            raise Conflict("a write conflict")


@dataclass
class SimLane:
    """One session: a new transaction ends the one before it."""

    store: "SimStore"
    id: bytes

    async def transact(self, work: Callable[[Transaction], Awaitable[T]]) -> T:
        tx = self.store.begin(self.id)
        try:
            result = await work(tx)
            await self._commit(tx)
        except Exception:
            if not self.store.chance.hits("abort lost"):
                self.store.end(tx)
            raise
        return result

    async def _commit(self, tx: SimTransaction) -> None:
        store, chance = self.store, self.store.chance
        await store.message()
        tx.check()
        if chance.hits("commit refused"):
            raise Conflict("transient")
        if chance.hits("commit late"):
            store.later(lambda: store.finish(tx))
            raise Unavailable("database: the commit is somewhere")
        store.finish(tx)
        await store.loop.pause(chance.latency())
        if chance.hits("commit reply lost"):
            raise Unavailable("database: no answer to the commit")
        if chance.hits("commit reply wrong"):
            raise Conflict("transient, they say")

    async def close(self) -> None:
        self.store.end_open(self.id)


class SimStore(MemoryStore):
    """The database of one service, seen through a network."""

    def __init__(self, chance: Chance) -> None:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, SimLoop)
        self.loop = loop
        super().__init__(self.loop.time)
        self.chance = chance
        self.down = False
        self.open: dict[bytes, SimTransaction] = {}
        self.tables: dict[str, dict[str, list[tuple[int, Raw | None]]]] = {}
        self.times: list[float] = [0.0]

    # what is stored

    def at(self, key: Key, moment: int) -> Raw | None:
        for number, row in reversed(self.tables.get(key[0], {}).get(key[1], ())):
            if number <= moment:
                return row
        return None

    def commit(self, changes: Mapping[Key, Raw | None]) -> None:
        self.now += 1
        self.times.append(self.loop.time())
        for key, row in changes.items():
            self.tables.setdefault(key[0], {}).setdefault(key[1], []).append((self.now, row))
            self.written[key] = self.now

    def _all(self, collection: str) -> list[Raw]:
        table = self.tables.get(collection, {})
        latest = [self._visible(versions) for versions in table.values()]
        return [row for row in latest if row is not None]

    def _visible(self, versions: list[tuple[int, Raw | None]]) -> Raw | None:
        number, row = versions[-1]
        if self.chance.control != "majority" or self.loop.time() - self.times[number] > YOUNG:
            return row
        return row if self.chance.rng.random() < 0.5 else None

    # transactions

    def begin(self, owner: bytes) -> SimTransaction:
        """Open a transaction on a session."""
        self.end_open(owner)
        tx = self.open[owner] = SimTransaction(self, owner, self.now, opened=self.loop.time())
        return tx

    def end(self, tx: SimTransaction) -> None:
        """End a transaction; its locks are free."""
        tx.ended = True
        if self.open.get(tx.owner) is tx:
            del self.open[tx.owner]
            self.unlock(tx.owner)

    def end_open(self, owner: bytes) -> None:
        """End what a session has open."""
        if owner in self.open:
            self.end(self.open[owner])

    def finish(self, tx: SimTransaction) -> None:
        """Commit, unless the transaction was ended before."""
        if not tx.ended:
            self.commit(tx.changes)
            self.end(tx)

    def reap(self) -> None:
        """End what is older than the server allows."""
        now = self.loop.time()
        for tx in [tx for tx in self.open.values() if now - tx.opened > LIFETIME]:
            self.end(tx)

    # the network

    async def message(self) -> None:
        """One message to the server, which may not arrive."""
        await self.loop.pause(self.chance.latency())
        if self.down or self.chance.hits("database away"):
            raise Unavailable("database: away")

    def later(self, step: Callable[[], Any]) -> None:
        """A message that was given up arrives after all."""
        self.loop.call_later(self.chance.rng.random() * 3, step, context=Context())

    async def _asked(self, step: Callable[[], T], writes: Sequence[Key] = ()) -> T:
        await self.message()
        if writes:
            await self._unlocked(writes)
            if self.chance.hits("write late"):
                self.later(lambda: None if self._locked(writes) else step())
                raise Unavailable("database: the write is somewhere")
        result = step()
        if self.chance.rng.random() < 0.4:
            await self.loop.pause(self.chance.latency())
        if self.chance.hits("reply lost"):
            raise Unavailable("database: no answer")
        return result

    def _locked(self, keys: Sequence[Key]) -> bool:
        self.reap()
        return any(key in self.locks for key in keys)

    async def _unlocked(self, keys: Sequence[Key]) -> None:
        until = self.loop.time() + SOCKET_SECONDS
        while self._locked(keys):
            await self.loop.pause(0.1)
            if self.loop.time() > until:
                raise Unavailable("database: locked")

    # the port

    async def lane(self) -> SimLane:  # type: ignore[override]
        return SimLane(self, next(self._lanes).to_bytes(16))

    async def end_lane(self, lane_id: bytes) -> None:
        await self._asked(lambda: self.end_open(lane_id))

    async def get(self, collection: str, id: str) -> Raw | None:  # noqa: A002
        await self._asked(lambda: None)
        return await super().get(collection, id)

    async def query(self, collection: str, where: Where, order: Order = (), limit: int = 0) -> list[Raw]:
        await self._asked(lambda: None)
        return await super().query(collection, where, order, limit)

    async def delete(self, collection: str, ids: Sequence[str]) -> int:
        def step() -> int:
            keys = [(collection, id_) for id_ in ids if self.at((collection, id_), self.now) is not None]
            self.commit(dict.fromkeys(keys))
            return len(keys)

        return await self._asked(step, [(collection, id_) for id_ in ids])

    async def insert_missing(self, collection: str, documents: Sequence[Raw]) -> int:
        def step() -> int:
            rows = {(collection, row["_id"]): row for row in documents}
            fresh = {key: row for key, row in rows.items() if self.at(key, self.now) is None}
            self.commit(fresh)
            return len(fresh)

        return await self._asked(step, [(collection, row["_id"]) for row in documents])

    async def claim(self, collection: str, id: str, changes: Mapping[str, Any]) -> tuple[Raw | None, Raw]:  # noqa: A002
        key = (collection, id)

        def step() -> tuple[Raw | None, Raw]:
            before = self.at(key, self.now)
            after: Raw = {"_id": id, "next": 0, "epoch": 0} | (before or {}) | dict(changes)
            after["epoch"] += 1
            self.commit({key: after})
            return before, dict(after)

        return await self._asked(step, [key])

    async def lease(self, id: str, holder: str, seconds: float) -> int | None:  # noqa: A002
        def step() -> int | None:
            now = self.loop.time()
            owner, until, epoch = self._leases.get(id, ("", now, 0))
            if owner != holder:
                if owner and until > now:
                    return None
                epoch += 1
            self._leases[id] = (holder, now + seconds, epoch)
            return epoch

        return await self._asked(step, [("leases", id)])

    async def release(self, id: str, holder: str) -> None:  # noqa: A002
        def step() -> None:
            owner, _, epoch = self._leases.get(id, ("", 0.0, 0))
            if owner == holder:
                self._leases[id] = ("", 0.0, epoch)

        await self._asked(step, [("leases", id)])

    async def names(self, prefix: str) -> list[str]:
        return await self._asked(lambda: sorted(name for name in self.tables if name.startswith(prefix)))

    async def drop(self, collection: str) -> None:
        await self._asked(lambda: self.tables.pop(collection, None))

    async def live_leases(self, prefix: str) -> list[str]:
        await self._asked(lambda: None)
        return await super().live_leases(prefix)
