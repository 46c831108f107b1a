"""The watcher measures lag from the broker's side, and reports engines that are down."""

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError
from confluent_kafka import Consumer, TopicPartition
from prometheus_client import CollectorRegistry, generate_latest
from pymongo import MongoClient
from pymongo.errors import OperationFailure

from contracts.permissions import SERVICES, WATCHER, subscriptions_of
from stack.system import System
from stack.tools import Tools
from watcher import backups, kafka, mongo
from watcher.__main__ import watch
from watcher.board import METRICS, Board, Sample

AGES = "kafka_group_oldest_unread_age_seconds"


@pytest.fixture(scope="module")
def system(tools: Tools, tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """Engines of their own, because one test stops them."""
    system = System(tmp_path_factory.mktemp("watched"))
    try:
        system.start_engines()
        system.provision()
        yield system
    finally:
        system.stop()


async def collect_kafka(system: System) -> dict[tuple[str, ...], float]:
    """The samples by name and labels; a fresh broker has no group coordinator for a moment."""
    for _ in range(100):
        try:
            seen = await kafka.collect(system.kafka.as_user(WATCHER))
        except KafkaError:
            await asyncio.sleep(0.1)
        else:
            return {(one.name, *one.labels): one.value for one in seen}
    raise AssertionError("the broker does not answer")


async def publish(system: System, ages: list[float], partition: int = 0) -> None:
    """Publishes records with timestamps of these ages, in seconds."""
    producer = AIOKafkaProducer(**system.kafka.as_user("intake").aiokafka(), acks="all")
    await producer.start()
    for age in ages:
        stamp = int((time.time() - age) * 1000)
        await producer.send_and_wait("intake.reports", b"x", partition=partition, timestamp_ms=stamp)
    await producer.stop()


@pytest.mark.engines
async def test_lag_and_age_are_reported_before_a_consumer_ever_ran(system: System) -> None:
    before = await collect_kafka(system)
    assert before[AGES, "routing", "intake.reports"] == 0

    await publish(system, [3600, 60, 5])
    seen = await collect_kafka(system)

    assert seen["kafka_group_lag_records", "routing", "intake.reports", "0"] == 3
    assert seen["kafka_group_lag_records", "routing", "intake.reports", "1"] == 0
    assert seen[AGES, "routing", "intake.reports"] == pytest.approx(3600, abs=30)
    assert seen["kafka_topic_records_total", "intake.reports"] == 3
    assert seen["kafka_group_members", "routing"] == 0
    assert seen["kafka_brokers",] == 1
    assert seen["kafka_under_replicated_partitions",] == 0
    assert seen["kafka_brokers_without_vote",] == 0
    assert seen["kafka_topic_size_bytes", "intake.reports"] > 0
    assert 0 < seen["engine_disk_free_bytes", "kafka"] < seen["engine_disk_size_bytes", "kafka"]


@pytest.mark.engines
async def test_committed_offsets_count_for_their_group_only(system: System) -> None:
    settings = {"group.id": "routing", "enable.auto.commit": False}
    consumer = Consumer(system.kafka.as_user("routing").librdkafka() | settings)
    consumer.commit(offsets=[TopicPartition("intake.reports", 0, 2)], asynchronous=False)
    consumer.close()

    seen = await collect_kafka(system)

    assert seen["kafka_group_lag_records", "routing", "intake.reports", "0"] == 1
    assert seen[AGES, "routing", "intake.reports"] == pytest.approx(5, abs=30)
    assert seen["kafka_group_read_total", "routing", "intake.reports"] == 2
    assert seen["kafka_group_lag_records", "notify", "intake.reports", "0"] == 3
    assert seen[AGES, "notify", "intake.reports"] == pytest.approx(3600, abs=60)


@pytest.mark.engines
async def test_mongod_is_measured_without_the_right_to_read_documents(system: System) -> None:
    with MongoClient[dict[str, object]](system.mongod.as_user("intake")) as client:
        client["intake"]["reports"].insert_one({"_id": "1"})

    seen = {(one.name, *one.labels): one.value for one in await mongo.collect(system.mongod.as_user(WATCHER))}

    assert seen["mongodb_up",] == seen["mongodb_primary",] == 1
    assert seen["mongodb_members",] == seen["mongodb_members_up",] == 1
    assert seen["mongodb_database_documents", "intake"] == 1
    assert 0 < seen["engine_disk_free_bytes", "mongod"] < seen["engine_disk_size_bytes", "mongod"]
    with MongoClient[dict[str, object]](system.mongod.as_user(WATCHER)) as client:
        with pytest.raises(OperationFailure, match="not authorized"):
            client["intake"]["reports"].find_one()
        with pytest.raises(OperationFailure, match="not authorized"):
            client["admin"].command({"currentOp": 1, "$all": True})


@pytest.mark.engines
async def test_every_declared_metric_is_exported(system: System) -> None:
    board, registry = Board(), CollectorRegistry()
    registry.register(board)
    board.update("kafka", await kafka.collect(system.kafka.as_user(WATCHER)))
    board.update("mongod", await mongo.collect(system.mongod.as_user(WATCHER)))

    shown = generate_latest(registry).decode()
    missing = [name for name in METRICS if f"\n{name}" not in f"\n{shown}"]
    assert missing == ["ascolto_backup_last_success_timestamp_seconds"]


@pytest.mark.engines
async def test_of_an_engine_that_is_down_only_that_is_exported(system: System) -> None:
    board, registry = Board(), CollectorRegistry()
    registry.register(board)
    connection = system.kafka.as_user(WATCHER)
    watching = asyncio.ensure_future(watch("kafka", lambda: kafka.collect(connection), board, 0.1))
    try:
        await _until(registry, "kafka_up 1.0")
        assert "kafka_group_lag_records{" in generate_latest(registry).decode()
        system.kafka.kill()

        shown = await _until(registry, "kafka_up 0.0")
        assert "kafka_group_lag_records{" not in shown
        system.kafka.start()
        await _until(registry, "kafka_up 1.0")
    finally:
        watching.cancel()


async def _until(registry: CollectorRegistry, line: str) -> str:
    deadline = time.monotonic() + 60
    while line not in (shown := generate_latest(registry).decode()):
        assert time.monotonic() < deadline, f"{line} was never exported"
        await asyncio.sleep(0.05)
    return shown


def test_new_samples_replace_the_former_ones() -> None:
    board, registry = Board(), CollectorRegistry()
    registry.register(board)
    board.update("kafka", [Sample("kafka_up", 1), Sample("kafka_group_members", 2, ("routing",))])
    board.update("mongod", [Sample("mongodb_up", 1)])
    board.update("kafka", [Sample("kafka_up", 0)])

    shown = generate_latest(registry).decode()
    assert "kafka_up 0.0" in shown
    assert "mongodb_up 1.0" in shown
    assert "kafka_group_members" not in shown


async def test_the_time_of_the_last_backup_is_exported_if_there_is_one(tmp_path: Path) -> None:
    assert await backups.collect(None) == await backups.collect(tmp_path) == []

    (tmp_path / backups.LATEST).write_text('{"file": "x.backup", "at": 1795791083.5}')

    assert await backups.collect(tmp_path) == [
        Sample("ascolto_backup_last_success_timestamp_seconds", 1795791083.5)
    ]


def test_every_service_that_consumes_topics_is_watched() -> None:
    assert [group for group in SERVICES if not subscriptions_of(group)] == []
