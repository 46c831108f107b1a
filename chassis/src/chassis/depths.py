"""Depths: how much waits in a service's own collections, measured now and then for the metrics."""

from dataclasses import dataclass

from chassis.metrics import Metrics
from chassis.parking import PARKED
from chassis.store import Store
from chassis.turn import JOBS, OUTBOX, TIMERS


@dataclass
class Depths:
    """Shows what waits to be sent, fired, done or mended."""

    store: Store
    metrics: Metrics

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
        return False
