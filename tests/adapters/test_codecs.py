"""Compressed records on a real broker: whoever compresses, and however, they are read, keyed and ordered like any others."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka import codec as aiokafka_codec
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic as RawTopic
from tests.adapters.test_delivery import World, publish, record, until

from chassis.consumer import raw_fetch as lenient
from chassis.consumer import stopped_partitions as stops
from chassis.store.mongo import MongoStore
from contracts.connection import Connection
from contracts.topics import BY_NAME
from ops import provision
from stack.system import System

pytestmark = pytest.mark.engines

CODECS = ("gzip", "snappy", "lz4", "zstd")
SENT = [
    (b"key-%d" % (n % 7), b"value-%d " % n * 300, [("ce_id", b"%d" % n), ("empty", b""), ("none", None)])
    for n in range(300)
]


async def a_topic(kafka: Connection, **config: str) -> TopicPartition:
    name = f"codecs-{uuid.uuid4().hex[:8]}"
    admin = AIOKafkaAdminClient(**kafka.aiokafka())
    await admin.start()
    await admin.create_topics([NewTopic(name, 1, 1, topic_configs=config)])
    await admin.close()
    return TopicPartition(name, 0)


async def by_the_producer(kafka: Connection, place: TopicPartition, codec: str | None) -> None:
    async with AIOKafkaProducer(**kafka.aiokafka(), compression_type=codec, linger_ms=20) as producer:
        sent = [
            await producer.send(place.topic, value, key, partition=0, headers=headers)
            for key, value, headers in SENT
        ]
        await asyncio.gather(*sent)


def by_librdkafka(kafka: Connection, place: TopicPartition, codec: str) -> None:
    producer = Producer(kafka.librdkafka() | {"compression.type": codec, "linger.ms": 50})
    for key, value, headers in SENT:
        producer.produce(place.topic, value, key, 0, headers=headers)
    assert producer.flush(30) == 0


async def by_the_library(kafka: Connection, place: TopicPartition) -> list[Any]:
    consumer = AIOKafkaConsumer(**kafka.aiokafka(), auto_offset_reset="earliest")
    await consumer.start()
    consumer.assign([place])
    found: list[Any] = []
    async with asyncio.timeout(30):
        while len(found) < len(SENT):
            for raws in (await consumer.getmany(timeout_ms=500)).values():
                found += raws
    await consumer.stop()
    return found


async def by_our_own_reader(kafka: Connection, place: TopicPartition) -> list[Any]:
    found: list[Any] = []
    while len(found) < len(SENT):
        fetched = (await lenient.fetch(kafka, {place: len(found)}))[place]
        assert fetched
        found += fetched
    return found


def told(raws: Sequence[Any]) -> list[tuple[Any, ...]]:
    return [(raw.offset, raw.key, raw.value, list(raw.headers)) for raw in raws]


@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize("compressed", ["by the broker", "by aiokafka", "by librdkafka"])
async def test_a_compressed_record_is_read_by_both_readers(
    engines: System, codec: str, compressed: str
) -> None:
    kafka = engines.kafka.admin
    place = await a_topic(kafka, **({"compression.type": codec} if compressed == "by the broker" else {}))
    match compressed:
        case "by librdkafka":
            await asyncio.to_thread(by_librdkafka, kafka, place, codec)
        case "by aiokafka":
            await by_the_producer(kafka, place, codec)
        case _:
            await by_the_producer(kafka, place, None)

    expected = [(offset, *record) for offset, record in enumerate(SENT)]
    assert told(await by_the_library(kafka, place)) == expected
    assert told(await by_our_own_reader(kafka, place)) == expected


@pytest.fixture
async def world(engines: System, tmp_path: Path) -> AsyncIterator[World]:
    made = World(engines, tmp_path)
    yield made
    await made.store.close()


async def a_topic_of(world: World, codec: str) -> None:
    admin = AIOKafkaAdminClient(**world.kafka.aiokafka())
    await admin.start()
    config = {"compression.type": codec}
    await admin.create_topics([NewTopic(world.topic, 4, 1, topic_configs=config)])
    await admin.close()


async def lines(world: World, number: int) -> list[str]:
    """What reports left on their page, in order; not what jobs did."""
    row = await world.store.get("pages", world.report(number))
    there = row["state"]["lines"] if row and row["state"] else []
    return [line for line in there if line in ("first", "second")]


@pytest.mark.parametrize("codec", CODECS)
async def test_reports_that_the_broker_compresses_are_handled_in_the_order_of_their_keys(
    world: World, codec: str
) -> None:
    await a_topic_of(world, codec)
    async with world.running():
        await publish(world, [record(world, n, line) for line in ("first", "second") for n in range(20)])

        async def all_there() -> bool:
            return all([await lines(world, n) == ["first", "second"] for n in range(20)])

        await until(all_there, "every page with both lines in order")
    assert await world.store.count("parked", {}) == 0


async def test_a_partition_stops_while_its_codec_is_not_installed_and_goes_on_once_it_is(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await a_topic_of(world, "snappy")
    monkeypatch.setattr(stops, "TRY_AGAIN_SECONDS", 1.0)
    with monkeypatch.context() as without:
        without.setattr(aiokafka_codec, "cramjam", None)
        async with world.running() as process:
            await publish(world, [record(world, 1, "first")])
            await publish(world, [record(world, 1, "second")])
            await until(lambda: _stopped(process), "the stop")

            ready = process.ready()
            assert ready["unread_codecs"] == ("snappy", "lz4", "zstd")
            assert "snappy" in ready["stopped"][0].lower()
            await asyncio.sleep(3)  # it is tried again, and stops again
            await until(lambda: _stopped(process), "the stop")
            assert await lines(world, 1) == []
            await until(lambda: _parked(world.store, 0), "the batch out of the parking")
            without.undo()
            await until(lambda: _equals(world, 1, ["first", "second"]), "the page with both lines")
            await until(lambda: _goes_on(process), "the end of the stop")


async def test_a_batch_that_was_stepped_over_is_replayed_once_it_can_be_read(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await a_topic_of(world, "zstd")
    with monkeypatch.context() as without:
        without.setattr(aiokafka_codec, "cramjam", None)
        async with world.running() as process:
            await publish(world, [record(world, 1, "first")])
            await until(lambda: _stopped(process), "the stop")
            assert process.dead_letters is not None
            await process.dead_letters.step_over("ada", "nobody can read it", world.topic, 3, 0)
            await until(lambda: _parked(world.store, 1), "the batch in the parking")
            without.undo()

            await process.dead_letters.replay("ada")

            await until(lambda: _equals(world, 1, ["first"]), "the replay")
            await until(lambda: _parked(world.store, 0), "the batch out of the parking")


async def _stopped(process: Any) -> bool:
    return process.delivery is not None and bool(process.delivery.stopped_partitions.stopped)


async def _goes_on(process: Any) -> bool:
    return not process.ready()["stopped"]


async def _equals(world: World, number: int, wanted: list[str]) -> bool:
    return await lines(world, number) == wanted


async def _parked(store: MongoStore, wanted: int) -> bool:
    return await store.count("parked", {}) == wanted


async def test_provisioning_names_a_topic_that_the_broker_compresses_with_what_nobody_reads(
    engines: System, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    engines.provision()
    admin, name = AdminClient(engines.kafka.admin.librdkafka()), "ops.stalls.dlq.nobody"
    topic = replace(BY_NAME["ops.stalls"], name=name)
    monkeypatch.setattr(provision, "wanted", lambda: [topic])
    admin.create_topics([RawTopic(name, 1, 1, config={"compression.type": "lz4"})])[name].result(10)

    assert provision.compressed(admin, provision.COMPRESSIONS) == {}
    monkeypatch.setattr(aiokafka_codec, "cramjam", None)
    provision.provision(engines.kafka.admin, 1)

    assert f"topic {name} has compression.type=lz4, which no service here can read" in capsys.readouterr().err
