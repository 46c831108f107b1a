"""The listener for other teams' clients: TLS, a login, public topics; nothing else gets through it."""

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.errors import KafkaError, TopicAuthorizationFailedError
from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient
from tests.adapters.certificates import made_up_tls

from contracts.connection import Connection
from contracts.permissions import ADMIN, SERVICES
from ops.provision import provision
from stack.kafka import Kafka, Outside
from stack.tools import REPOSITORY, Tools, base_environment

pytestmark = pytest.mark.engines

NAME = "localhost"


@pytest.fixture(scope="module")
def secrets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `make certificates` makes for an installation that other teams know by this name."""
    folder = tmp_path_factory.mktemp("certificates")
    script = REPOSITORY / "deploy" / "compose" / "certificates.py"
    subprocess.run([sys.executable, script, "--folder", folder, "--outside", NAME], check=True)
    return folder


@pytest.fixture(scope="module")
def kafka(tools: Tools, secrets: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kafka]:
    outside = Outside(NAME, secrets / "kafka_outside_certificate")
    kafka = Kafka(tmp_path_factory.mktemp("kafka"), tools, outside=outside)
    try:
        kafka.launch()
        kafka.wait_ready(150)
        provision(kafka.admin, 1, {user: kafka.passwords[user] for user in (ADMIN, *SERVICES)})
        yield kafka
    finally:
        kafka.stop()


@pytest.fixture(scope="module")
def told(kafka: Kafka) -> dict[str, str]:
    """What whoever runs the installation hands to a team, setting by setting."""
    surroundings = {
        "ASCOLTO_KAFKA": kafka.address,
        "ASCOLTO_SECRETS": str(kafka.passwords.folder),
        "ASCOLTO_OUTSIDE": f"{NAME}:{kafka.behind('outside')}",
    }
    command = [sys.executable, "-m", "ops.provision", "subscriber", "cruscotto"]
    env = base_environment() | surroundings
    said = subprocess.run(command, env=env, check=True, capture_output=True, text=True).stdout
    return {line[:13].strip(): line[14:] for line in said.splitlines()}


@pytest.fixture(scope="module")
def team(told: dict[str, str], secrets: Path) -> Connection:
    return Connection(told["bootstrap"], told["user"], told["password"], str(secrets / "engines_ca"))


async def read_one(team: Connection, topic: str) -> bytes | None:
    """The first record of a topic, read as the team reads it."""
    settings = team.aiokafka() | {"group_id": "cruscotto.test", "auto_offset_reset": "earliest"}
    consumer = AIOKafkaConsumer(topic, **settings)
    try:
        await consumer.start()
        value: bytes | None = (await asyncio.wait_for(consumer.getone(), 30)).value
        return value
    finally:
        await consumer.stop()


def test_a_team_is_told_what_it_sets(told: dict[str, str], team: Connection) -> None:
    assert told["protocol"] == team.protocol == "SASL_SSL"
    assert told["mechanism"] == "SCRAM-SHA-512"
    assert told["group prefix"] == "cruscotto."


async def test_a_team_reads_what_is_public(kafka: Kafka, team: Connection) -> None:
    async with AIOKafkaProducer(**kafka.as_user("intake").aiokafka()) as producer:
        await producer.send_and_wait("intake.reports", b"public", partition=0)
    assert await read_one(team, "intake.reports") == b"public"


async def test_a_team_is_denied_what_is_not_public_and_every_word_of_its_own(team: Connection) -> None:
    with pytest.raises(TopicAuthorizationFailedError):
        await read_one(team, "subsidies.applications")
    async with AIOKafkaProducer(**team.aiokafka(), enable_idempotence=False) as producer:
        with pytest.raises(TopicAuthorizationFailedError):
            await producer.send_and_wait("intake.reports", b"forged")


@pytest.mark.parametrize("how", ["plain", "another name", "another authority", "another password"])
async def test_nobody_else_gets_in(how: str, team: Connection, tmp_path: Path) -> None:
    wrong = {
        "plain": replace(team, ca=""),
        "another name": replace(team, servers=team.servers.replace(NAME, "127.0.0.1")),
        "another authority": replace(team, ca=str(made_up_tls(tmp_path).ca)),
        "another password": replace(team, password="invented"),
    }[how]
    with pytest.raises(KafkaException):
        AdminClient(wrong.librdkafka() | {"log_level": 0}).list_topics(timeout=4)
    producer = AIOKafkaProducer(**wrong.aiokafka())
    with pytest.raises(KafkaError):
        await producer.start()
    await producer.stop()


def test_it_is_off_until_it_is_switched_on() -> None:
    lines = (REPOSITORY / "deploy" / "kafka" / "server.properties").read_text().splitlines()
    assert [
        line for line in lines if line.startswith(("listeners=", "advertised.")) and "OUTSIDE" in line
    ] == []
