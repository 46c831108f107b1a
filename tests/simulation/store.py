"""A store that fails as a database does: late, half-way, or after it did what it was asked."""

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

LIFETIME = 5.0  # seconds until the server ends a transaction that nobody goes on with
SOCKET_SECONDS = 15.0


@dataclass
class SimTransaction(MemoryTransaction):
    """One open transaction; its locks stay when its owner dies, until it is ended or too old."""

    store: "SimStore"
    opened: float = 0.0
    ended: bool = False

    def check(self) -> None:
        """Raise Conflict when the server has ended this transaction."""
        self.store.reap()
        if self.ended:
            raise Conflict("no such transaction")

    async def _request(self) -> None:
        await self.store.message()
        self.check()
        if self.store.chance.hits("conflict"):
            raise Conflict("a write conflict")


@dataclass
class SimSession:
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
        self.misdeeds: list[str] = []

    # transactions

    def begin(self, owner: bytes) -> SimTransaction:
        """Open a transaction on a session."""
        self.end_open(owner)
        tx = self.open[owner] = self.transaction(self, owner, self.now, opened=self.loop.time())
        return tx

    def end(self, tx: SimTransaction) -> None:
        """End a transaction; its locks are free."""
        tx.ended = True
        if self.open.get(tx.owner) is tx:
            del self.open[tx.owner]
            for key in tx.changes:
                self.locks.pop(key, None)

    def end_open(self, owner: bytes) -> None:
        """End what a session has open."""
        if owner in self.open:
            self.end(self.open[owner])

    def finish(self, tx: SimTransaction) -> None:
        """Commit, unless the transaction was ended before."""
        if not tx.ended:
            self._watch(tx)
            self.commit(tx.changes)
            self.end(tx)

    def _watch(self, tx: SimTransaction) -> None:
        """Note what no commit may do, and what later commits would cover up."""
        for (collection, name), row in tx.changes.items():
            if row is None:
                continue
            if collection == FENCES:
                self._watch_fence(name, row)
            if collection == PARKED and row["reason"] == "poison" and not is_poison(row["key"]):
                self.misdeeds.append(f"{name} is readable and was parked as poison")

    def _watch_fence(self, name: str, row: Raw) -> None:
        before = self.at((FENCES, name), self.now)
        if before is not None and row["next"] < before["next"]:  # by an owner of the past
            self.misdeeds.append(f"{name} went back from {before['next']} to {row['next']}")
        _, topic_id, partition = name.split("|")
        end = self._end_of(topic_id, int(partition))
        if end is not None and row["next"] > end:  # by what was on a topic of the past
            self.misdeeds.append(f"{name} went to {row['next']}, behind the end at {end}")

    def reap(self) -> None:
        """End what is older than the server allows."""
        oldest = next(iter(self.open.values()), None)
        while oldest is not None and self.loop.time() - oldest.opened > LIFETIME:
            self.end(oldest)
            oldest = next(iter(self.open.values()), None)

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
