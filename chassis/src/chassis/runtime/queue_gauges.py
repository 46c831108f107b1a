"""Queue gauges: what waits in a service's own collections, counted periodically."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

import prometheus_client

from chassis.http.context import ServiceContext
from chassis.observe.metrics import Metrics
from chassis.outbox.sent import UNSENT
from chassis.store.collections import JOBS, OUTBOX, PARKED, QUEUES, TIMERS
from chassis.store.port import Store

EVERY = 10.0


@dataclass(frozen=True)
class Gauge:
    """A gauge of one service: its description, and how it is read from the service's documents.

    Values are keyed by their labels, of which there are few; a missing value leaves the gauge unchanged.
    """

    name: str
    description: str
    read: Callable[[ServiceContext], Awaitable[Mapping[tuple[str, ...], float]]]
    labels: tuple[str, ...] = ()


@dataclass
class GaugeReader:
    """Updates one gauge."""

    gauge: Gauge
    context: ServiceContext
    series: prometheus_client.Gauge

    async def update(self) -> bool:
        """Set the gauge once."""
        for labels, value in (await self.gauge.read(self.context)).items():
            (self.series.labels(*labels) if labels else self.series).set(value)
        return False


@dataclass
class QueueGauges:
    """Counts what waits to be sent, fired or done, and what is parked."""

    store: Store
    metrics: Metrics

    async def update(self) -> bool:
        """Set the gauges once."""
        gauges = {
            OUTBOX: self.metrics.outbox_pending,
            TIMERS: self.metrics.timers_pending,
            JOBS: self.metrics.jobs_pending,
            PARKED: self.metrics.parked_depth,
        }
        found = await self.store.counts({name: UNSENT if name == OUTBOX else {} for name in gauges})
        for collection, gauge in gauges.items():
            gauge.set(found[collection])
        queues = await self.store.query(QUEUES, {})
        self.metrics.runs_open.set(sum(len(queue["open"]) for queue in queues))
        return False
