"""Neighbours: what other replicas commit into our slots wakes our loops, by a change stream, as long as there are others."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from chassis.errors import Unavailable
from chassis.observe.logs import log
from chassis.store.collections import JOBS, OUTBOX, TIMERS
from chassis.store.port import Store
from chassis.store.shard_leases import ShardLeases

LOOPS = {OUTBOX: "relay", TIMERS: "timers", JOBS: "jobs"}
AGAIN_SECONDS = 1.0


@dataclass
class ChangeStreamWaker:
    """Listens while this process is not the only one of its service; `wake` takes the name of a loop."""

    store: Store
    shard_leases: ShardLeases
    wake: Callable[[str], None]
    listening: bool = False

    async def run(self) -> None:
        """Go on until cancelled; while nothing can be heard `listening` is false, and the loops have to look more often."""
        while True:
            if self.shard_leases.members > 1:
                try:
                    await self.store.follow(tuple(LOOPS), "slot", self._heard, self._more)
                except Unavailable as away:
                    log("neighbours are not heard", level=30, reason=str(away))
                self.listening = False
            await asyncio.sleep(AGAIN_SECONDS)

    def _more(self) -> bool:
        self.listening = self.shard_leases.members > 1
        return self.listening

    def _heard(self, collection: str, slot: Any) -> None:
        if slot in self.shard_leases.owned():
            self.wake(LOOPS[collection])
