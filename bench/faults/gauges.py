"""Whether the services say of themselves what the engines say of them, once nothing is under way."""

import time
from collections import Counter
from collections.abc import Iterator
from http.client import HTTPConnection, HTTPException
from typing import Any

from prometheus_client.parser import text_string_to_metric_families
from pymongo import MongoClient

from bench.faults.stand import Replica, Stand
from stack.ports import HOST, Ports

# The gauges of a service and the collections that they count; they are measured anew every five seconds.
COUNTED = {"outbox_pending": "outbox", "jobs_pending": "jobs", "parked_records": "parked"}
LAG = "consumer_lag_records"
SECONDS = 20.0


def gauge_lies(stand: Stand, seconds: float = SECONDS) -> list[str]:
    """What the gauges say that is not so; they are given some seconds to be measured in."""
    end = time.monotonic() + seconds
    with stand.client() as client:
        while lies := [text for one in sorted(stand.wanted) for text in _lies(stand, client, one)]:
            if time.monotonic() > end:
                break
            time.sleep(0.5)
    return lies


def _lies(stand: Stand, client: MongoClient[dict[str, Any]], replica: Replica) -> Iterator[str]:
    name, _ = replica
    try:
        told = read_gauges(_metrics(stand, replica))
    except (OSError, HTTPException) as error:
        yield f"metrics: {name} says nothing of itself: {type(error).__name__}"
        return
    counted = {gauge: client[name][source].count_documents({}) for gauge, source in COUNTED.items()}
    yield from compare(name, told, counted | {LAG: 0})


def compare(name: str, told: Counter[str], there: dict[str, int]) -> Iterator[str]:
    """Every gauge that differs from what there is."""
    for gauge, number in there.items():
        if told[gauge] != number:
            yield f"metrics: {name} says {gauge} {told[gauge]} and it is {number}"


def read_gauges(text: str) -> Counter[str]:
    """The sum of each metric over its labels."""
    sums: Counter[str] = Counter()
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            sums[sample.name] += int(sample.value)
    return sums


def _metrics(stand: Stand, replica: Replica) -> str:
    connection = HTTPConnection(HOST, Ports(stand.service(*replica).folder)["http"], timeout=5)
    try:
        connection.request("GET", "/metrics")
        return connection.getresponse().read().decode()
    finally:
        connection.close()
