"""A store that fails like a database: late, partially, or after the operation was done."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextvars import Context
from dataclasses import dataclass
from typing import Any, TypeVar

from tests.simulation.chance import Chance
from tests.simulation.loop import SimLoop
from tests.simulation.services import is_poison

from chassis.documents import Raw
from chassis.errors import Conflict, Unavailable
from chassis.store.collections import FENCES, PARKED
from chassis.store.memory import MemoryStore
from chassis.store.memory_session import MemoryTransaction
from chassis.store.port import Transaction

T = TypeVar("T")
Key = tuple[str, str]
EndOf = Callable[[str, int], int | None]

LIFETIME = 5.0  # seconds until the server aborts an idle transaction
SOCKET_SECONDS = 15.0


@dataclass
class SimTransaction(MemoryTransaction):
    """An open transaction; its locks outlive its owner until it is ended or expires."""

    store: "SimStore"
    opened: float = 0.0
    ended: bool = False

    def check(self) -> None:
        """Raise Conflict when the server has ended this transaction."""
        self.store.expire()
        if self.ended:
            raise Conflict("no such transaction")

    async def _request(self) -> None:
        await self.store.message()
        self.check()
        if self.store.chance.hits("conflict"):
            raise Conflict("a write conflict")


@dataclass
class SimSession:
    """A session: a new transaction aborts the one before it."""

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
            raise Unavailable("database: the commit is in flight")
        store.finish(tx)
        await store.loop.pause(chance.latency())
        if chance.hits("commit reply lost"):
            raise Unavailable("database: no answer to the commit")
        if chance.hits("commit reply wrong"):
            raise Conflict("transient")

    async def close(self) -> None:
        self.store.end_open(self.id)


class SimStore(MemoryStore):
    """The database of one service, seen through a network."""

    versions = 1_000_000
    transaction: type[SimTransaction] = SimTransaction

    def __init__(self, chance: Chance, end_of: EndOf) -> None:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, SimLoop)
        self.loop = loop
        super().__init__(self.loop.time)
        self.chance, self._end_of = chance, end_of
        self.down = False
        self.open: dict[bytes, SimTransaction] = {}
        self.violations: list[str] = []

    # transactions

    def begin(self, owner: bytes) -> SimTransaction:
        """Begin a transaction on a session."""
        self.end_open(owner)
        tx = self.open[owner] = self.transaction(self, owner, self.now, opened=self.loop.time())
        return tx

    def end(self, tx: SimTransaction) -> None:
        """End a transaction and release its locks."""
        tx.ended = True
        if self.open.get(tx.owner) is tx:
            del self.open[tx.owner]
            for key in tx.changes:
                self.locks.pop(key, None)

    def end_open(self, owner: bytes) -> None:
        """End the open transaction of a session."""
        if owner in self.open:
            self.end(self.open[owner])

    def finish(self, tx: SimTransaction) -> None:
        """Commit, unless the transaction was ended before."""
        if not tx.ended:
            self._check_commit(tx)
            self.commit(tx.changes)
            self.end(tx)

    def _check_commit(self, tx: SimTransaction) -> None:
        """Note writes that no commit may contain, before later commits hide them."""
        for (collection, name), row in tx.changes.items():
            if row is None:
                continue
            if collection == FENCES:
                self._check_fence(name, row)
            if collection == PARKED and row["reason"] == "poison" and not is_poison(row["key"]):
                self.violations.append(f"{name} can be decoded and was parked as poison")

    def _check_fence(self, name: str, row: Raw) -> None:
        before = self.at((FENCES, name), self.now)
        if before is not None and row["next"] < before["next"]:  # by a former owner
            self.violations.append(f"{name} moved back from {before['next']} to {row['next']}")
        _, topic_id, partition = name.split("|")
        end = self._end_of(topic_id, int(partition))
        if end is not None and row["next"] > end:  # by records of a former topic
            self.violations.append(f"{name} moved to {row['next']}, past the end at {end}")

    def expire(self) -> None:
        """End transactions that are older than the server allows."""
        oldest = next(iter(self.open.values()), None)
        while oldest is not None and self.loop.time() - oldest.opened > LIFETIME:
            self.end(oldest)
            oldest = next(iter(self.open.values()), None)

    # the network

    async def message(self) -> None:
        """One message to the server; raises Unavailable when it does not arrive."""
        await self.loop.pause(self.chance.latency())
        if self.down or self.chance.hits("database away"):
            raise Unavailable("database: away")

    def later(self, step: Callable[[], Any]) -> None:
        """Deliver a message late, after its sender gave up."""
        self.loop.call_later(self.chance.rng.random() * 3, step, context=Context())

    async def _asked(self, step: Callable[[], T], writes: Sequence[Key] = ()) -> T:
        await self.message()
        if writes:
            await self._unlocked(writes)
            if self.chance.hits("write late"):
                self.later(lambda: None if self._locked(writes) else step())
                raise Unavailable("database: the write is in flight")
        result = step()
        if self.chance.rng.random() < 0.4:
            await self.loop.pause(self.chance.latency())
        if self.chance.hits("reply lost"):
            raise Unavailable("database: no answer")
        return result

    def _locked(self, keys: Sequence[Key]) -> bool:
        self.expire()
        locks = self.locks
        return bool(locks) and any(key in locks for key in keys)

    async def _unlocked(self, keys: Sequence[Key]) -> None:
        until = self.loop.time() + SOCKET_SECONDS
        while self._locked(keys):
            await self.loop.pause(0.1)
            if self.loop.time() > until:
                raise Unavailable("database: locked")

    # the port

    async def session(self) -> SimSession:
        return SimSession(self, next(self._sessions).to_bytes(16))

    async def end_session(self, session_id: bytes) -> None:
        await self._asked(lambda: self.end_open(session_id))
