"""The names of all exported metrics, and the names that a PromQL expression uses."""

import importlib
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from prometheus_client import Metric
from prometheus_client.metrics import MetricWrapperBase
from tests.http.services import SERVICES, settings_of

from chassis.runtime.process import Process
from chassis.service import Plan
from chassis.store.memory import MemoryStore
from watcher.board import METRICS

# Metrics of Prometheus and Alertmanager themselves; the test on real processes checks that they exist.
EXTERNAL_METRICS = {
    "ALERTS",
    "up",
    "alertmanager_notifications_failed_total",
    "alertmanager_notifications_total",
    "prometheus_notifications_dropped_total",
}
PARTS = {"histogram": ("_bucket", "_count", "_sum"), "counter": ("_total",)}
_WORDS = {
    "and", "or", "unless", "by", "without", "on", "ignoring", "offset", "bool", "group_left", "group_right", "inf", "nan",
}  # fmt: skip


def plan_of(name: str, folder: Path) -> Plan:
    """The plan of a service, as its main module makes it."""
    settings = settings_of(name, folder)
    made: Plan = importlib.import_module(f"{name}.main").plan(settings)
    return made


def process_of(name: str, folder: Path) -> Process:
    """A process of a service with a store in memory, not started."""
    return Process(plan_of(name, folder), settings_of(name, folder), MemoryStore())


def series(families: Iterable[Metric]) -> Iterator[str]:
    """The names of the time series of these metrics."""
    for family in families:
        for part in PARTS.get(family.type, ("",)):
            yield family.name + part


def declared(folder: Path) -> set[str]:
    """The names of all series that services and watcher export."""
    ours = {
        name
        for service in SERVICES
        for name in series(process_of(service, folder).metrics.registry.collect())
    }
    return ours | set(METRICS)


def names_in(expr: str) -> set[str]:
    """The metric names in a PromQL expression."""
    bare = re.sub(r'"[^"]*"|\'[^\']*\'|\{[^}]*\}|\[[^\]]*\]', " ", re.sub(r"#.*", "", expr))
    bare = re.sub(r"\b(by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)", " ", bare)
    names = set(re.findall(r"(?<![\w:.])([a-zA-Z_:][\w:]*)(?!\s*\(|[\w:])", bare))
    return names - _WORDS


def labels_of(folder: Path) -> dict[str, tuple[str, ...]]:
    """The labels of every exported metric, by metric family."""
    found = {name: kind.labels for name, kind in METRICS.items()}
    for service in SERVICES:
        for metric in vars(process_of(service, folder).metrics).values():
            if isinstance(metric, MetricWrapperBase):
                found[metric._name] = tuple(metric._labelnames)
        plan = plan_of(service, folder)
        for gauge in plan.gauges:
            found[gauge.name] = gauge.labels
        for counter in plan.counters:
            found[counter._name] = tuple(counter._labelnames)
    return found
