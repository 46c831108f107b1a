"""Slots: the shares that relay, timers and jobs are cut into; each is leased to one process at a time."""

import math
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from chassis.store.collections import LEASES
from chassis.store.port import Store, StoreSession

LEASE_SECONDS = 10.0
RENEW_EVERY = 2.5
SAFE_SECONDS = 0.7 * LEASE_SECONDS


@dataclass
class ShardLeases:
    """The slots this process holds; it stops using one well before another process may take it."""

    store: Store
    instance: str
    total: int
    monotonic: Callable[[], float] = time.monotonic
    members: int = 1
    _in_use: Counter[int] = field(default_factory=Counter)
    _held: dict[int, float] = field(default_factory=dict)
    _leaving: set[int] = field(default_factory=set)

    def owned(self) -> list[int]:
        """The slots whose lease is certainly ours by our own monotonic clock."""
        now = self.monotonic()
        return sorted(slot for slot, renewed in self._held.items() if now - renewed < SAFE_SECONDS)

    def staying(self) -> list[int]:
        """Those of ours in which something may begin that cannot be taken back."""
        return [slot for slot in self.owned() if slot not in self._leaving]

    def use(self, slot: int) -> None:
        """Something has begun in it that cannot be taken back: it is kept until that is done."""
        self._in_use[slot] += 1

    def done(self, slot: int) -> None:
        """What had begun in it is over."""
        self._in_use[slot] -= 1

    def in_use(self) -> set[int]:
        """Those in which something is going on."""
        return {slot for slot, running in self._in_use.items() if running}

    async def share(self) -> bool:
        """Renew, and take or give back slots until every live process has its part; one in use is kept until it is not."""
        await self._renew()
        self.members = max(1, len(await self.store.live_leases("member/")))
        part = math.ceil(self.total / self.members)
        self._leaving = set(sorted(self._held)[: max(0, len(self._held) - part)])
        for slot in sorted(self._leaving):
            if not self._in_use[slot]:
                self._held.pop(slot, None)
                await self.store.release(f"slot/{slot:03d}", self.instance)
        taken = {int(name[5:]) for name in await self.store.live_leases("slot/")}
        for slot in range(self.total):
            if len(self._held) < part and slot not in self._held and slot not in taken:
                await self._take(slot)
        return False

    async def _renew(self) -> None:
        """All that is held in one request; what was lost meanwhile is asked for once more."""
        asked, member = self.monotonic(), f"member/{self.instance}"
        names = {slot: f"slot/{slot:03d}" for slot in sorted(self._held)}
        kept = set(await self.store.renew([member, *names.values()], self.instance, LEASE_SECONDS))
        if member not in kept:
            await self.store.lease(member, self.instance, LEASE_SECONDS)
        for slot, name in names.items():
            if name in kept:
                self._held[slot] = asked
            else:
                await self._take(slot)

    async def reclaim(self, sessions: Sequence[StoreSession] = ()) -> None:
        """At start: what this instance held before it died is its own again at once, and what it left open is ended.

        The same work is tried again now, on these lanes; the dead transaction's locks would hold it up until the server
        notices, seconds later.
        """
        await self._end_former({session.id for session in sessions})
        asked = self.monotonic()
        names = {f"slot/{slot:03d}": slot for slot in range(self.total)}
        kept = await self.store.renew(list(names), self.instance, LEASE_SECONDS)
        self._held |= {names[name]: asked for name in kept}
        await self.share()

    async def _end_former(self, ours: set[bytes]) -> None:
        name = f"process/{self.instance}"
        before = await self.store.get(LEASES, name) or {}
        for session in set(before.get("sessions", ())) - ours:
            await self.store.end_session(session)
        await self.store.claim(LEASES, name, {"sessions": sorted(ours)})

    async def leave(self) -> None:
        """Give everything back, so that the others need not wait."""
        for slot in list(self._held):
            del self._held[slot]
            await self.store.release(f"slot/{slot:03d}", self.instance)
        await self.store.release(f"member/{self.instance}", self.instance)

    async def _take(self, slot: int) -> None:
        asked = self.monotonic()
        epoch = await self.store.lease(f"slot/{slot:03d}", self.instance, LEASE_SECONDS)
        if epoch is None:
            self._held.pop(slot, None)
        else:
            self._held[slot] = asked
