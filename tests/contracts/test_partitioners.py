"""Producers of other clients use the partitions of the vectors, with the setting of the guide."""

import json
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from confluent_kafka import Consumer, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic
from tests.contracts.conftest import needs_node

from contracts.connection import Connection
from stack.onboarding import environment_of
from stack.subscriber_programs import SOURCES, node_folder
from stack.system import System
from stack.tools import REPOSITORY, base_environment

pytestmark = [pytest.mark.foreign, pytest.mark.engines, pytest.mark.timeout(180)]

VECTORS = json.loads((REPOSITORY / "contracts/vectors/partitions.json").read_text())
EXPECTED = {vector["key"]: vector["12"] for vector in VECTORS if vector["key"]}


@pytest.fixture
def topic(engines: System) -> Iterator[str]:
    admin = AdminClient(engines.kafka.admin.librdkafka())
    name = f"keys-{time.time_ns()}"
    admin.create_topics([NewTopic(name, 12, 1)])[name].result(10)
    yield name
    admin.delete_topics([name])[name].result(10)


def landed(kafka: Connection, topic: str, count: int) -> dict[str, int]:
    consumer = Consumer(kafka.librdkafka() | {"group.id": topic, "auto.offset.reset": "earliest"})
    consumer.assign([TopicPartition(topic, number, 0) for number in range(12)])
    found: dict[str, int] = {}
    deadline = time.monotonic() + 20
    while len(found) < count and time.monotonic() < deadline:
        found |= {
            one.key().decode(): one.partition() for one in consumer.consume(100, 0.2) if not one.error()
        }
    consumer.close()
    return found


def sent_by_node(kafka: Connection, topic: str, *setting: str) -> dict[str, int]:
    needs_node()
    folder = node_folder(SOURCES / "node")
    line: list[str | Path] = ["node", folder / "producer.mjs", kafka.servers, topic, *setting]
    env = base_environment() | environment_of(kafka)
    subprocess.run(line, input="\n".join(EXPECTED), text=True, check=True, env=env)
    return landed(kafka, topic, len(EXPECTED))


def test_node_uses_the_partitions_of_the_vectors_with_the_partitioner_of_the_guide(
    engines: System, topic: str
) -> None:
    assert sent_by_node(engines.kafka.admin, topic, "compatible") == EXPECTED


def test_without_it_node_uses_other_partitions_for_negative_hashes(engines: System, topic: str) -> None:
    found = sent_by_node(engines.kafka.admin, topic)

    elsewhere = {key for key in EXPECTED if found[key] != EXPECTED[key]}
    signed = {vector["key"] for vector in VECTORS if vector["murmur2"] < 0}
    assert elsewhere
    assert elsewhere <= signed
