"""The last samples of each engine for Prometheus; of an engine that is down only `…_up 0` is exported."""

import time
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from prometheus_client import Metric
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector


class Kind(NamedTuple):
    """One metric: its help text and labels. A name that ends in `_total` is a counter."""

    help: str
    labels: tuple[str, ...] = ()


METRICS: dict[str, Kind] = {
    "kafka_up": Kind("1 if a broker responds."),
    "kafka_brokers": Kind("Registered brokers of the cluster."),
    "kafka_brokers_without_vote": Kind(
        "Brokers that are observers of the metadata quorum and not voters yet; do not stop a voter while there are any."
    ),
    "kafka_under_replicated_partitions": Kind("Partitions with fewer in-sync replicas than replicas."),
    "kafka_group_lag_records": Kind(
        "Records after the offset that the group of a service has committed.",
        ("group", "topic", "partition"),
    ),
    "kafka_group_oldest_unread_age_seconds": Kind(
        "Age of the oldest record after the committed offset; 0 if there is none.",
        ("group", "topic"),
    ),
    "kafka_group_read_total": Kind("Sum of the committed offsets of a topic.", ("group", "topic")),
    "kafka_group_members": Kind("Members of the consumer group of a service.", ("group",)),
    "kafka_topic_records_total": Kind("Records written to a topic since its creation.", ("topic",)),
    "kafka_topic_size_bytes": Kind("Disk space used by a topic, all replicas.", ("topic",)),
    "mongodb_up": Kind("1 if a member of the replica set responds."),
    "mongodb_primary": Kind("1 if the replica set has a primary."),
    "mongodb_members": Kind("Configured members of the replica set."),
    "mongodb_members_up": Kind("Members of the replica set that respond."),
    "mongodb_uptime_seconds": Kind("Time since the member started."),
    "mongodb_connections_open": Kind("Open client connections."),
    "mongodb_queue_length": Kind("Operations that wait for a lock."),
    "mongodb_transactions_open": Kind("Open transactions."),
    "mongodb_transactions_committed_total": Kind("Transactions committed since the member started."),
    "mongodb_transactions_aborted_total": Kind("Transactions aborted since the member started."),
    "mongodb_cache_used_bytes": Kind("Data in the WiredTiger cache."),
    "mongodb_cache_size_bytes": Kind("Maximum size of the WiredTiger cache."),
    "mongodb_database_size_bytes": Kind("Disk space used by a database, including indexes.", ("database",)),
    "mongodb_database_documents": Kind("Documents in a database.", ("database",)),
    "engine_disk_size_bytes": Kind("Size of the disk that an engine writes to.", ("engine",)),
    "engine_disk_free_bytes": Kind("Free space on the disk that an engine writes to.", ("engine",)),
    "ascolto_backup_last_success_timestamp_seconds": Kind(
        "Time of the last backup that was saved and verified."
    ),
    "watcher_last_look_timestamp_seconds": Kind(
        "Time of the last attempt to collect metrics of an engine.", ("engine",)
    ),
}


class Sample(NamedTuple):
    """One value of a metric."""

    name: str
    value: float
    labels: tuple[str, ...] = ()


class Board(Collector):
    """A Prometheus collector of the last samples of each engine."""

    def __init__(self) -> None:
        self._samples: dict[str, tuple[Sample, ...]] = {}

    def update(self, engine: str, samples: Iterable[Sample]) -> None:
        """Replaces the samples of one engine."""
        last_look = Sample("watcher_last_look_timestamp_seconds", time.time(), (engine,))
        self._samples[engine] = (*samples, last_look)

    def collect(self) -> Iterator[Metric]:
        """All samples, grouped by metric."""
        seen = [sample for samples in list(self._samples.values()) for sample in samples]
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
