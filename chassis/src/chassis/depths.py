"""Depths: how much waits in a service's own collections, measured now and then for the metrics."""

from dataclasses import dataclass

from chassis.clock import Clock
from chassis.metrics import Metrics
from chassis.parking import PARKED
from chassis.store import Store
from chassis.turn import JOBS, OUTBOX, TIMERS


@dataclass
class Depths:
    """Shows what waits to be sent, fired, done or mended."""

    store: Store
    metrics: Metrics
    clock: Clock

    async def measure(self) -> bool:
        """Set the gauges once."""
        gauges = {
            OUTBOX: self.metrics.outbox_pending,
            TIMERS: self.metrics.timers_pending,
            JOBS: self.metrics.jobs_pending,
            PARKED: self.metrics.parked_depth,
        }
        for collection, gauge in gauges.items():
            gauge.set(await self.store.count(collection, {}))
        oldest = await self.store.query(OUTBOX, {}, [("time", 1)], 1)
        age = (self.clock() - oldest[0]["time"]).total_seconds() if oldest else 0.0
        self.metrics.outbox_age.set(max(0.0, age))
        return False
