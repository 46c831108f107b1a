"""The vital signs of a process: what its health checks and metrics say, in one view for people."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from prometheus_client import Gauge, Histogram

from chassis.observe.metrics import Metrics

IN_TIME_SECONDS = 10.0  # the objective of deploy/prometheus/slo.yml


@dataclass(frozen=True)
class Vitals:
    """One process of a service; numbers are of this process, or of the database that all its replicas share.

    `in_time` of `reports` were processed within ten seconds of their acceptance, since the process started.
    """

    instance: str
    ready: bool
    stuck: tuple[str, ...]
    resting: str
    stopped_partitions: tuple[str, ...]
    lag: int
    outbox_pending: int
    outbox_age_seconds: float
    jobs: int
    timers: int
    parked: int
    reports: int
    in_time: int

    @property
    def healthy(self) -> bool:
        """Whether nothing needs a person."""
        return self.ready and not (self.stuck or self.resting or self.stopped_partitions or self.parked)


def vitals_of(instance: str, metrics: Metrics, live: Mapping[str, Any], ready: Mapping[str, Any]) -> Vitals:
    """The vital signs now."""
    reports, in_time = _promise(metrics.stage)
    return Vitals(
        instance=instance,
        ready=bool(ready["ok"] and live["ok"]),
        stuck=(*live["stuck"], *live["dead"]),
        resting=str(ready["resting"]),
        stopped_partitions=tuple(map(str, ready["stopped"])),
        lag=int(_sum(metrics.lag)),
        outbox_pending=int(_sum(metrics.outbox_pending)),
        outbox_age_seconds=_sum(metrics.outbox_age),
        jobs=int(_sum(metrics.jobs_pending)),
        timers=int(_sum(metrics.timers_pending)),
        parked=int(_sum(metrics.parked_depth)),
        reports=reports,
        in_time=in_time,
    )


def _sum(gauge: Gauge) -> float:
    return sum(sample.value for metric in gauge.collect() for sample in metric.samples)


def _promise(stage: Histogram) -> tuple[int, int]:
    samples = [sample for metric in stage.collect() for sample in metric.samples]
    every = sum(sample.value for sample in samples if sample.name.endswith("_count"))
    kept = sum(
        sample.value
        for sample in samples
        if sample.name.endswith("_bucket") and float(sample.labels["le"]) == IN_TIME_SECONDS
    )
    return int(every), int(kept)
