"""The safety poll: asks in one request whether a queue has something of which nobody told this process."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from chassis.clock import Clock
from chassis.documents import AnyOf, AtLeast, AtMost, Where
from chassis.outbox.sent import UNSENT
from chassis.store.collections import JOBS, OUTBOX, PARKED_KEYS, QUEUES, TIMERS
from chassis.store.port import Store
from chassis.store.shard_leases import ShardLeases
from chassis.tasks.loops import Loop
from chassis.tasks.timers import SOON

RECENT = 0.5  # seconds since a loop has run
LOOPS = {OUTBOX: "relay", TIMERS: "timers", JOBS: "jobs", PARKED_KEYS: "replays", QUEUES: "runs"}
REST = 30.0  # of a loop that this one wakes


@dataclass
class SafetyPoll:
    """Wakes the loops whose queue has something due.

    It takes the place of a query in each loop. Commits of this process and the change stream wake a loop at once; this finds what
    others committed while no stream was open, what a lease brought with it, and what was left over.
    """

    store: Store
    shard_leases: ShardLeases
    clock: Clock
    loops: Mapping[str, Loop]
    there_is: Callable[[str], object]  # something for the loop of this name

    async def look(self) -> bool:
        """Wake them once; loops that have just run, as under load, are not asked for."""
        due = {name: where for name, where in self._due().items() if self._has_rested(name)}
        found = await self.store.counts(due, most=1) if due else {}
        for name, there in found.items():
            if there:
                self.there_is(LOOPS[name])
        return False

    def _due(self) -> Mapping[str, Where]:
        owned, now = AnyOf(self.shard_leases.owned()), self.clock()
        return {
            OUTBOX: {**UNSENT, "slot": owned},
            TIMERS: {"slot": owned, "due": AtMost(now + SOON)},
            JOBS: {"slot": owned, "due": AtMost(now)},
            PARKED_KEYS: {"ready": True},
            QUEUES: {"open": AtLeast("")},  # some run is open
        }

    def _has_rested(self, collection: str) -> bool:
        return self.loops[LOOPS[collection]].rested() > RECENT
