"""Shard leases: relay, timers and jobs are divided into shards (`slots`); each is leased to one process at a time."""

import math
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from chassis.store.collections import LEASES
from chassis.store.port import Store, StoreSession

LEASE_SECONDS = 10.0
RENEW_EVERY = 2.5
SAFE_SECONDS = 0.7 * LEASE_SECONDS


@dataclass(frozen=True)
class Held:
    """A shard of this process: since when without interruption, and when its lease was last renewed."""

    since: float
    renewed: float


@dataclass
class ShardLeases:
    """The shards that this process holds; it stops using one well before another process may take it."""

    store: Store
    instance: str
    total: int
    monotonic: Callable[[], float] = time.monotonic
    members: int = 1
    _pins: Counter[int] = field(default_factory=Counter)
    _held: dict[int, Held] = field(default_factory=dict)
    _releasing: set[int] = field(default_factory=set)

    def owned(self) -> list[int]:
        """The shards whose lease is certainly valid by our own monotonic clock."""
        now = self.monotonic()
        return sorted(slot for slot, held in self._held.items() if now - held.renewed < SAFE_SECONDS)

    def is_held_since(self, slot: int, moment: float) -> bool:
        """Whether no other process can have had this shard since this moment."""
        held = self._held.get(slot)
        return held is not None and held.since <= moment and self.monotonic() - held.renewed < SAFE_SECONDS

    def accepting(self) -> list[int]:
        """Those in which irreversible work may start: not those that are being released."""
        return [slot for slot in self.owned() if slot not in self._releasing]

    def pin(self, slot: int) -> None:
        """Irreversible work starts in this shard: keep it until `unpin`."""
        self._pins[slot] += 1

    def unpin(self, slot: int) -> None:
        """The irreversible work has ended."""
        self._pins[slot] -= 1

    def in_use(self) -> set[int]:
        """The pinned shards."""
        return {slot for slot, running in self._pins.items() if running}

    async def rebalance(self) -> bool:
        """Renew the leases, and acquire or release shards until every live process has its share; a pinned shard is kept."""
        await self._renew()
        live = await self.store.live_leases("")
        self.members = max(1, sum(name.startswith("member/") for name in live))
        part = math.ceil(self.total / self.members)
        self._releasing = set(sorted(self._held)[: max(0, len(self._held) - part)])
        for slot in sorted(self._releasing):
            if not self._pins[slot]:
                self._held.pop(slot, None)
                await self.store.release(f"slot/{slot:03d}", self.instance)
        taken = {int(name[5:]) for name in live if name.startswith("slot/")}
        for slot in range(self.total):
            if len(self._held) < part and slot not in self._held and slot not in taken:
                await self._take(slot)
        return False

    async def _renew(self) -> None:
        """Renew everything that is held in one request; what was lost meanwhile is requested once more."""
        asked, member = self.monotonic(), f"member/{self.instance}"
        names = {slot: f"slot/{slot:03d}" for slot in sorted(self._held)}
        kept = set(await self.store.renew([member, *names.values()], self.instance, LEASE_SECONDS))
        if member not in kept:
            await self.store.lease(member, self.instance, LEASE_SECONDS)
        for slot, name in names.items():
            if name in kept:
                self._held[slot] = replace(self._held[slot], renewed=asked)
            else:
                await self._take(slot)

    async def reclaim(self, sessions: Sequence[StoreSession] = ()) -> None:
        """At start: take back what this instance held before it died, and end the sessions that it left open.

        The same work is retried now on these sessions; the locks of the dead transaction would block it until the server notices,
        seconds later.
        """
        await self._end_former({session.id for session in sessions})
        asked = self.monotonic()
        names = {f"slot/{slot:03d}": slot for slot in range(self.total)}
        kept = await self.store.renew(list(names), self.instance, LEASE_SECONDS)
        self._held |= {names[name]: Held(asked, asked) for name in kept}
        await self.rebalance()

    async def _end_former(self, ours: set[bytes]) -> None:
        name = f"process/{self.instance}"
        before = await self.store.get(LEASES, name) or {}
        for session in set(before.get("sessions", ())) - ours:
            await self.store.end_session(session)
        await self.store.claim(LEASES, name, {"sessions": sorted(ours)})

    async def release_all(self) -> None:
        """Release everything, so that other processes need not wait."""
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
            self._held[slot] = Held(asked, asked)
