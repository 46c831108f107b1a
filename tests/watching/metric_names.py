"""Which metrics there are, and which a question asks for."""

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

# What Prometheus and Alertmanager say of themselves, and of the alerts; the live test sees that they do.
THEIRS = {
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
    """A service as its main makes it."""
    settings = settings_of(name, folder)
    made: Plan = importlib.import_module(f"{name}.main").plan(settings)
    return made


def process_of(name: str, folder: Path) -> Process:
    """One process of a service over a store in memory; nothing of it runs."""
    return Process(plan_of(name, folder), settings_of(name, folder), MemoryStore())


def series(families: Iterable[Metric]) -> Iterator[str]:
    """The names under which Prometheus knows these metrics."""
    for family in families:
        for part in PARTS.get(family.type, ("",)):
            yield family.name + part


def declared(folder: Path) -> set[str]:
    """Every name that a process of ours shows."""
    ours = {
        name
        for service in SERVICES
        for name in series(process_of(service, folder).metrics.registry.collect())
    }
    return ours | set(METRICS)


def asked_for(expr: str) -> set[str]:
    """The metrics that a question in PromQL asks for."""
    bare = re.sub(r'"[^"]*"|\'[^\']*\'|\{[^}]*\}|\[[^\]]*\]', " ", re.sub(r"#.*", "", expr))
    bare = re.sub(r"\b(by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)", " ", bare)
    names = set(re.findall(r"(?<![\w:.])([a-zA-Z_:][\w:]*)(?!\s*\(|[\w:])", bare))
    return names - _WORDS


def labels_of(folder: Path) -> dict[str, tuple[str, ...]]:
    """The labels of every metric of ours, by family."""
    found = {name: kind.labels for name, kind in METRICS.items()}
    for service in SERVICES:
        for metric in vars(process_of(service, folder).metrics).values():
            if isinstance(metric, MetricWrapperBase):
                found[metric._name] = tuple(metric._labelnames)
        for measure in plan_of(service, folder).gauges:
            found[measure.name] = measure.labels
    return found
