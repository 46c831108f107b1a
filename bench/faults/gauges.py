"""Whether the services' gauges agree with the engines once nothing is pending."""

import time
from collections import Counter
from collections.abc import Iterator
from http.client import HTTPConnection, HTTPException
from typing import Any

from prometheus_client.parser import text_string_to_metric_families
from pymongo import MongoClient

from bench.faults.environment import Environment, Replica
from stack.ports import HOST, Ports

# The gauges and the collections that they count; a service refreshes them every five seconds.
COUNTED: dict[str, tuple[str, dict[str, Any]]] = {
    "outbox_pending": ("outbox", {"sent_at": None}),
    "jobs_pending": ("jobs", {}),
    "parked_records": ("parked", {}),
}
LAG = "consumer_lag_records"
SECONDS = 20.0


def gauge_mismatches(environment: Environment, seconds: float = SECONDS) -> list[str]:
    """Gauges that still differ from the engines after some seconds."""
    end = time.monotonic() + seconds
    with environment.client() as client:
        while violations := [
            text for one in sorted(environment.specs) for text in _violations(environment, client, one)
        ]:
            if time.monotonic() > end:
                break
            time.sleep(0.5)
    return violations


def _violations(
    environment: Environment, client: MongoClient[dict[str, Any]], replica: Replica
) -> Iterator[str]:
    name, _ = replica
    try:
        values = read_gauges(_metrics(environment, replica))
    except (OSError, HTTPException) as error:
        yield f"metrics: {name} does not answer /metrics: {type(error).__name__}"
        return
    counted = {
        gauge: client[name][source].count_documents(where) for gauge, (source, where) in COUNTED.items()
    }
    yield from compare(name, values, counted | {LAG: 0})


def compare(name: str, values: Counter[str], there: dict[str, int]) -> Iterator[str]:
    """Every gauge that differs from the actual number."""
    for gauge, number in there.items():
        if values[gauge] != number:
            yield f"metrics: {name} reports {gauge} {values[gauge]}, actual {number}"


def read_gauges(text: str) -> Counter[str]:
    """The sum of each metric over its labels."""
    sums: Counter[str] = Counter()
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            sums[sample.name] += int(sample.value)
    return sums


def _metrics(environment: Environment, replica: Replica) -> str:
    connection = HTTPConnection(HOST, Ports(environment.service(*replica).folder)["http"], timeout=5)
    try:
        connection.request("GET", "/metrics")
        return connection.getresponse().read().decode()
    finally:
        connection.close()
