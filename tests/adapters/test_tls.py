"""Engines that speak TLS: a service comes in with the authority's certificate, and nobody does without it."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.errors import KafkaError
from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient
from faststream.kafka import KafkaBroker
from pymongo import MongoClient
from pymongo.errors import ServerSelectionTimeoutError
from tests.adapters.certificates import made_up_tls

from chassis.consumer.subscription import security_of
from chassis.consumer.topic_ids import topic_ids
from chassis.settings import ServiceSettings
from chassis.store.mongo import MongoStore
from contracts.connection import Connection
from contracts.permissions import ADMIN, SERVICES
from ops.provision import provision, settings_of
from stack.kafka import Kafka
from stack.mongod import Mongod
from stack.tools import Tls, Tools

pytestmark = pytest.mark.engines


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> Tls:
    return made_up_tls(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def kafka(tools: Tools, tls: Tls, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kafka]:
    kafka = Kafka(tmp_path_factory.mktemp("kafka"), tools, tls=tls)
    try:
        kafka.start()
        provision(kafka.admin, 1, {user: kafka.passwords[user] for user in (ADMIN, *SERVICES)})
        yield kafka
    finally:
        kafka.stop()


@pytest.fixture(scope="module")
def mongod(tools: Tools, tls: Tls, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mongod]:
    mongod = Mongod(tmp_path_factory.mktemp("mongod"), tools, tls=tls)
    try:
        mongod.start()
        yield mongod
    finally:
        mongod.stop()


def told(kafka: Kafka, tls: Tls, folder: Path) -> ServiceSettings:
    """What routing is told in its environment."""
    return ServiceSettings.model_validate(
        {
            "kafka": kafka.address,
            "kafka_user": "routing",
            "kafka_password": kafka.passwords["routing"],
            "kafka_ca": tls.ca,
            "mongo": "mongodb://somewhere",
            "database": "routing",
            "port": 0,
            "issuer": "https://issuer.example",
            "secret": folder,
            "seed": folder,
        }
    )


async def test_a_service_says_and_hears_over_tls(kafka: Kafka, tls: Tls, tmp_path: Path) -> None:
    connection = told(kafka, tls, tmp_path).connection
    assert connection.protocol == "SASL_SSL"
    async with AIOKafkaProducer(**connection.aiokafka()) as producer:
        await producer.send_and_wait("routing.cases", b"over tls", partition=0)
    assert set(await topic_ids(connection, ["intake.reports"])) == {"intake.reports"}

    notify = kafka.as_user("notify")
    async with AIOKafkaConsumer(
        "routing.cases", **notify.aiokafka(), auto_offset_reset="earliest"
    ) as consumer:
        record = await asyncio.wait_for(consumer.getone(), 20)
    assert record.value == b"over tls"
    broker = KafkaBroker(notify.servers, security=security_of(notify), logger=None)
    async with broker:
        assert await broker.ping(10)


async def test_without_the_certificate_nobody_reaches_kafka(kafka: Kafka) -> None:
    without = replace(kafka.as_user("routing"), ca="")
    other = {"security.protocol": "SASL_SSL"}  # trusts only the authorities of this machine

    for settings in (without.librdkafka(), without.librdkafka() | other):
        with pytest.raises(KafkaException):
            AdminClient(settings | {"log_level": 0}).list_topics(timeout=3)
    producer = AIOKafkaProducer(**without.aiokafka())
    with pytest.raises(KafkaError):
        await producer.start()
    await producer.stop()


async def test_a_service_keeps_its_documents_over_tls(mongod: Mongod) -> None:
    for driver in ("motor", "pymongo"):
        store = MongoStore(mongod.as_user("routing"), "routing", driver)
        await store.insert_missing("things", [{"_id": driver}])
        assert await store.get("things", driver) == {"_id": driver}
        await store.close()


@pytest.mark.parametrize("more", ["", "&tls=true"], ids=["plain", "another authority"])
def test_without_the_certificate_nobody_reaches_mongodb(more: str, mongod: Mongod) -> None:
    address = mongod.as_user("routing").partition("&tls=true")[0] + more

    client: MongoClient[dict[str, Any]]
    with (
        MongoClient(address, serverSelectionTimeoutMS=2_000) as client,
        pytest.raises(ServerSelectionTimeoutError),
    ):
        client["routing"]["things"].find_one()


def test_a_certificate_that_is_not_there_is_named(kafka: Kafka, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="kafka_ca"):
        told(kafka, Tls(tmp_path / "x", tmp_path / "missing.pem"), tmp_path)


def test_a_team_is_told_which_certificate_to_trust(kafka: Kafka, tls: Tls) -> None:
    lines = settings_of(replace(kafka.admin, user="cruscotto"), "cruscotto", "invented").splitlines()

    assert lines[1].split() == ["protocol", "SASL_SSL"]
    assert lines[-1].split() == ["CA", str(tls.ca)]


async def test_a_broker_without_a_lock_is_reached_without_a_user(tools: Tools, tmp_path: Path) -> None:
    kafka = Kafka(tmp_path / "open", tools, locked=False)
    try:
        kafka.start()
        assert kafka.admin == Connection(kafka.address)
        assert "intake.reports" in provision(kafka.admin, 1)
        async with AIOKafkaProducer(**kafka.admin.aiokafka()) as producer:
            await producer.send_and_wait("intake.reports", b"open")
        async with KafkaBroker(kafka.address, security=security_of(kafka.admin), logger=None) as broker:
            assert await broker.ping(10)
    finally:
        kafka.stop()
