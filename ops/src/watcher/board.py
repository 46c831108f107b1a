"""What was seen last, shown to Prometheus; of an engine that is away nothing is shown but that it is away."""

import time
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from prometheus_client import Metric
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector


class Kind(NamedTuple):
    """One metric: what it says, and its labels; names that end in `_total` are counters."""

    help: str
    labels: tuple[str, ...] = ()


METRICS: dict[str, Kind] = {
    "kafka_up": Kind("1 when the broker answers."),
    "kafka_brokers": Kind("Brokers of the cluster that are there."),
    "kafka_brokers_without_vote": Kind(
        "Brokers that follow and do not vote yet; no voter may be taken away."
    ),
    "kafka_under_replicated_partitions": Kind("Partitions of which a copy is missing or behind."),
    "kafka_group_lag_records": Kind(
        "Records that a service has not handled yet, by the offsets it committed.",
        ("group", "topic", "partition"),
    ),
    "kafka_group_oldest_unread_age_seconds": Kind(
        "Age of the oldest record that a service has not handled yet; 0 when there is none.",
        ("group", "topic"),
    ),
    "kafka_group_read_total": Kind("Records that a service is past, by topic.", ("group", "topic")),
    "kafka_group_members": Kind("Processes that are in the group of a service.", ("group",)),
    "kafka_topic_records_total": Kind("Records ever written to a topic.", ("topic",)),
    "kafka_topic_size_bytes": Kind("What a topic takes of the disk.", ("topic",)),
    "mongodb_up": Kind("1 when a member of the replica set answers."),
    "mongodb_primary": Kind("1 when the set has a primary, which takes writes."),
    "mongodb_members": Kind("Members that the replica set should have."),
    "mongodb_members_up": Kind("Members that answer."),
    "mongodb_uptime_seconds": Kind("Since when the member runs."),
    "mongodb_connections_open": Kind("Connections of clients."),
    "mongodb_queue_length": Kind("Operations that wait for a lock."),
    "mongodb_transactions_open": Kind("Transactions that are open."),
    "mongodb_transactions_committed_total": Kind("Transactions committed since the member started."),
    "mongodb_transactions_aborted_total": Kind("Transactions aborted since the member started."),
    "mongodb_cache_used_bytes": Kind("What is in the cache."),
    "mongodb_cache_size_bytes": Kind("How large the cache may be."),
    "mongodb_database_size_bytes": Kind(
        "What a database takes of the disk, indexes included.", ("database",)
    ),
    "mongodb_database_documents": Kind("Documents in a database.", ("database",)),
    "engine_disk_size_bytes": Kind("Size of the disk that an engine writes to.", ("engine",)),
    "engine_disk_free_bytes": Kind("What is free on the disk that an engine writes to.", ("engine",)),
    "ascolto_backup_last_success_timestamp_seconds": Kind("When a backup was last saved and read back."),
    "watcher_last_look_timestamp_seconds": Kind(
        "When an engine was last looked at, answering or not.", ("engine",)
    ),
}


class Sample(NamedTuple):
    """One value of a metric."""

    name: str
    value: float
    labels: tuple[str, ...] = ()


class Board(Collector):
    """The last look at each engine."""

    def __init__(self) -> None:
        self._seen: dict[str, tuple[Sample, ...]] = {}

    def show(self, engine: str, samples: Iterable[Sample]) -> None:
        """Put a new look in place of the one before."""
        looked = Sample("watcher_last_look_timestamp_seconds", time.time(), (engine,))
        self._seen[engine] = (*samples, looked)

    def collect(self) -> Iterator[Metric]:
        """Everything by name, as Prometheus wants it."""
        seen = [sample for samples in list(self._seen.values()) for sample in samples]
        for name, kind in METRICS.items():
            found = [sample for sample in seen if sample.name == name]
            if found:
                yield _family(name, kind, found)


def _family(name: str, kind: Kind, found: Sequence[Sample]) -> Metric:
    family: CounterMetricFamily | GaugeMetricFamily
    if name.endswith("_total"):
        family = CounterMetricFamily(name, kind.help, labels=kind.labels)
    else:
        family = GaugeMetricFamily(name, kind.help, labels=kind.labels)
    for sample in found:
        family.add_metric(sample.labels, sample.value)
    return family
