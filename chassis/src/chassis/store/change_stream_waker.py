"""Wakes this process's loops by a change stream when another replica commits into its shards."""

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
RETRY_SECONDS = 1.0


@dataclass
class ChangeStreamWaker:
    """Follows the change stream while the service has other replicas; `wake` takes the name of a loop."""

    store: Store
    shard_leases: ShardLeases
    wake: Callable[[str], None]
    listening: bool = False

    async def run(self) -> None:
        """Run until cancelled; while the stream is unavailable `listening` is false, and the loops poll more often."""
        while True:
            if self.shard_leases.members > 1:
                try:
                    await self.store.follow(tuple(LOOPS), "slot", self._on_change, self._continue)
                except Unavailable as away:
                    log("change stream unavailable", level=30, reason=str(away))
                self.listening = False
            await asyncio.sleep(RETRY_SECONDS)

    def _continue(self) -> bool:
        self.listening = self.shard_leases.members > 1
        return self.listening

    def _on_change(self, collection: str, slot: Any) -> None:
        if slot in self.shard_leases.owned():
            self.wake(LOOPS[collection])
