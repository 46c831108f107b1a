"""Every metric of every service, declared once."""

from collections.abc import Sequence

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
)

disable_created_metrics()  # type: ignore[no-untyped-call]

# The label for values that a client chooses: label values are a closed set, or a client could create series without bound.
OTHER = "other"

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300)


class Metrics:
    """The metrics of one process, in its own registry."""

    def __init__(self, service: str) -> None:
        self.registry = CollectorRegistry()
        r = self.registry
        ProcessCollector(registry=r)
        self.build = Gauge("service_build_info", "Which service this is.", ["service"], registry=r)
        self.build.labels(service).set(1)
        self.commands = Counter(
            "commands_total", "Commands by how they ended.", ["command", "outcome"], registry=r
        )
        self.consumed = Counter(
            "events_consumed_total", "Events by topic and how they ended.", ["topic", "outcome"], registry=r
        )
        self.lag = Gauge(
            "consumer_lag_records", "Records not handled yet.", ["group", "topic", "partition"], registry=r
        )
        self.assigned = Gauge("consumer_assigned_partitions", "Partitions this process owns.", registry=r)
        self.stopped = Gauge(
            "consumer_stopped",
            "1 while nothing of a partition is read because nobody here can read its next batch.",
            ["topic", "partition"],
            registry=r,
        )
        self.paused = Gauge("consumer_paused", "1 while a dependency is down and reading rests.", registry=r)
        self.progress = Gauge(
            "consumer_last_progress_timestamp_seconds", "When a batch last committed.", registry=r
        )
        self.rebalances = Counter("consumer_rebalances_total", "Assignments received.", registry=r)
        self.resought = Counter(
            "consumer_resought_total", "Batches dropped and sought again.", ["reason"], registry=r
        )
        self.batch = Histogram(
            "turn_batch_size",
            "Inputs per transaction.",
            buckets=(1, 2, 5, 10, 25, 50, 100, 250, 500, 1000),
            registry=r,
        )
        self.turn = Histogram(
            "turn_duration_seconds", "One transaction, retries included.", buckets=_SECONDS, registry=r
        )
        self.retries = Counter("transaction_retries_total", "Transactions run again.", registry=r)
        self.duplicates = Counter(
            "inbox_duplicates_total", "Inputs that had been handled before.", registry=r
        )
        self.outbox_pending = Gauge("outbox_pending", "Events committed and not sent yet.", registry=r)
        self.outbox_age = Gauge(
            "outbox_oldest_age_seconds", "Age of the oldest event not sent yet.", registry=r
        )
        self.sent = Counter("relay_sent_total", "Events the broker acknowledged.", ["topic"], registry=r)
        self.send_failures = Counter(
            "relay_failures_total", "Sends that failed and will be tried again.", registry=r
        )
        self.parked = Counter("parked_total", "Records parked, by reason.", ["topic", "reason"], registry=r)
        self.parked_depth = Gauge("parked_records", "Records parked now.", registry=r)
        self.runs_open = Gauge("runs_open", "Runs that are not at their end.", registry=r)
        self.stage = Histogram(
            "report_stage_latency_seconds",
            "From the acceptance of the report to the commit of this stage.",
            ["stage"],
            buckets=_SECONDS,
            registry=r,
        )
        self.jobs = Counter("jobs_total", "Jobs by how they ended.", ["kind", "outcome"], registry=r)
        self.jobs_pending = Gauge("jobs_pending", "Jobs not finished.", registry=r)
        self.timers_pending = Gauge("timers_pending", "Timers not fired.", registry=r)
        self.http = Histogram(
            "http_request_duration_seconds",
            "Requests by route.",
            ["route", "method", "status"],
            buckets=_SECONDS,
            registry=r,
        )

    def gauge(self, name: str, description: str, labels: Sequence[str] = ()) -> Gauge:
        """A gauge that the service's plan declares."""
        return Gauge(name, description, labels, registry=self.registry)
