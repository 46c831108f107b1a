"""Delivery on real engines: what is on the topic is handled once, whatever lies between."""

import asyncio
import struct
import uuid
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic, RecordsToDelete
from aiokafka.client import AIOKafkaClient
from aiokafka.conn import AIOKafkaConnection
from aiokafka.record.util import calc_crc32c_py
from pydantic import SecretStr
from tests.chassis.ledger import NOW, PAGES, REACTIONS, Print, WriteLine, registered, report_id

from chassis.consumer import raw_fetch as lenient
from chassis.consumer.records import read, record_from
from chassis.runtime.process import Process
from chassis.service import Plan
from chassis.settings import ServiceSettings
from chassis.store.collections import LEASES
from chassis.store.mongo import MongoStore
from contracts.envelope import Envelope
from contracts.topics import dead_letter_topic
from ops.provision import provision
from stack.system import System

pytestmark = pytest.mark.engines

WHOLE = ["lift", "printed-1", "reminded at 10:30"]  # the event, its job and its timer, each once


class World:
    """One fresh database and group on the engines that every test shares."""

    def __init__(self, engines: System, folder: Path) -> None:
        self.kafka, self.mongo = engines.kafka.admin, engines.mongod.admin
        self.name = f"ledger-{uuid.uuid4().hex[:8]}"
        self.topic = f"{self.name}-reports"  # its own: what it plants there spoils nobody else's
        self.folder = folder
        self.store = MongoStore(self.mongo, self.name)
        self.base = uuid.uuid4().int % 10**11

    def report(self, number: int) -> str:
        return report_id(self.base + number)

    @asynccontextmanager
    async def running(self, instance: str = "one") -> AsyncIterator[Process]:
        settings = ServiceSettings(
            kafka=self.kafka.servers,
            kafka_user=self.kafka.user,
            kafka_password=SecretStr(self.kafka.password),
            mongo=self.mongo,
            database=self.name,
            port=0,
            instance=instance,
            stage="development",
            issuer="http://issuer.example",
            secret=self.folder / "secret",
            seed=self.folder,
        )

        async def work(job: Print, attempt: int) -> WriteLine:
            return WriteLine(job.report_id, f"printed-{attempt}")

        plan = Plan(
            self.name, REACTIONS, [PAGES], lambda _: [], subscribes=(self.topic,), workers={Print: work}
        )
        process = Process(plan, settings, MongoStore(self.mongo, self.name))
        await process.open()
        try:
            yield process
        finally:
            await process.close()

    async def lines(self, number: int) -> list[str]:
        row = await self.store.get("pages", self.report(number))
        return sorted(row["state"]["lines"]) if row and row["state"] else []


@pytest.fixture(scope="session")
async def topics(engines: System) -> System:
    provision(engines.kafka.admin, 1)
    return engines


@pytest.fixture
async def world(topics: System, tmp_path: Path) -> AsyncIterator[World]:
    made = World(topics, tmp_path)
    admin = AIOKafkaAdminClient(**made.kafka.aiokafka())
    await admin.start()
    await admin.create_topics(
        [NewTopic(made.topic, 4, 1), NewTopic(dead_letter_topic(made.topic, made.name), 1, 1)]
    )
    await admin.close()
    yield made
    await made.store.close()


async def publish(world: World, records: Sequence[tuple[bytes | None, bytes | None, Any]]) -> None:
    async with AIOKafkaProducer(**world.kafka.aiokafka()) as producer:
        for key, value, headers in records:
            await producer.send_and_wait(world.topic, value, key, partition=3, headers=headers)


async def publish_raw(world: World, records: Sequence[tuple[bytes, bytes, Any]]) -> None:
    """Publish headers whose name "~~" becomes two bytes that are no text, as only a foreign client could."""
    async with AIOKafkaProducer(**world.kafka.aiokafka()) as producer:
        batch = producer.create_batch()
        for key, value, headers in records:
            batch.append(key=key, value=value, timestamp=None, headers=headers)
        batch.close()
        data = bytearray(batch._build()).replace(b"~~", b"\xff\xfe")
        struct.pack_into(">I", data, 17, calc_crc32c_py(data[21:]))
        batch._buffer = data
        await (await producer.send_batch(batch, world.topic, partition=3))


def record(
    world: World, number: int, category: str = "lift", event_id: str | None = None
) -> tuple[bytes, bytes, Any]:
    event = registered(world.base + number, category)
    envelope = Envelope(
        event_id or str(uuid.uuid4()),
        event.type_tag,
        "/test",
        event.subject,
        NOW,
        1,
        event.subject,
        accepted_time=NOW,
    )
    return event.subject.encode(), event.body(), envelope.headers()


async def until(true: Callable[[], Any], what: str, seconds: float = 30) -> None:
    deadline = asyncio.get_running_loop().time() + seconds
    while not await true():
        assert asyncio.get_running_loop().time() < deadline, f"never happened: {what}"
        await asyncio.sleep(0.05)


async def test_events_from_before_the_first_start_are_handled_and_their_jobs_done(world: World) -> None:
    await publish(world, [record(world, n) for n in range(50)])

    async with world.running():

        async def all_printed() -> bool:
            return all([await world.lines(n) == WHOLE for n in range(50)])

        await until(all_printed, "fifty pages with their printed line")


async def test_every_process_mends_the_client_library(world: World) -> None:
    async with world.running():
        mended = [AIOKafkaConnection.send, AIOKafkaClient._metadata_update]
        assert {one.__module__ for one in mended} == {"chassis.consumer.aiokafka_patches"}


async def test_every_process_writes_down_what_its_successor_has_to_end(world: World) -> None:
    async with world.running():

        async def written_down() -> bool:
            rows = await world.store.query(LEASES, {})
            return [len(row["sessions"]) for row in rows if row["_id"].startswith("process/")] == [4]

        await until(written_down, "the sessions of commands, results, timers and jobs by its name")


async def test_copies_of_an_event_and_a_restart_change_nothing(world: World) -> None:
    first, again = (
        record(world, 1, event_id="e-1" + world.name),
        record(world, 1, event_id="e-1" + world.name),
    )
    async with world.running():
        await publish(world, [first, again])
        await until(lambda: _equals(world, 1, WHOLE), "the page")
    await publish(world, [again, record(world, 2)])
    async with world.running():
        await until(lambda: _equals(world, 2, WHOLE), "the second page")

    assert await world.lines(1) == WHOLE


async def test_a_record_with_a_null_header_is_parked_and_its_neighbours_are_handled(world: World) -> None:
    key, value, headers = record(world, 2)
    broken = [(name, None if name == "ce_id" else value) for name, value in headers]
    async with world.running() as process:
        await publish(world, [record(world, 1), (key, value, broken), record(world, 3)])
        await until(lambda: _equals(world, 3, WHOLE), "the page after the broken record")

        parked = await world.store.query("parked", {})
        assert [row["detail"] for row in parked] == ["header ce_id is missing or empty"]
        await until(lambda: _equals(world, 1, WHOLE), "the page before the broken record")
        assert await world.lines(2) == []
        assert process.delivery is not None
        assert process.delivery.pause_reason == ""


async def test_what_the_store_cannot_keep_is_parked_alone_and_the_rest_of_its_batch_is_handled(
    world: World,
) -> None:
    bad = (17, 18, 40)
    batch = [record(world, n, "surrogate" if n in bad else "lift") for n in range(60)]
    await publish(world, batch)

    async with world.running():

        async def all_printed() -> bool:
            return all([await world.lines(n) == WHOLE for n in range(60) if n not in bad])

        await until(all_printed, "every page that can be kept")

        parked = await world.store.query("parked", {}, [("offset", 1)])
        assert [row["key"].decode() for row in parked] == [world.report(n) for n in bad]
        assert {row["detail"] for row in parked} == {"the store cannot keep it: UnicodeEncodeError"}


async def test_a_header_name_that_is_no_text_does_not_stop_its_partition(world: World) -> None:
    key, value, headers = record(world, 2)
    async with world.running() as process:
        await publish_raw(world, [(key, value, [*headers, ("~~", b"x")]), (b"?", b"?", [("~~", b"?")])])
        await publish(world, [record(world, 3)])
        await until(lambda: _equals(world, 3, WHOLE), "the page after the record that cannot be fetched")

        await until(lambda: _equals(world, 2, WHOLE), "the page of the record that cannot be fetched")
        parked = await world.store.query("parked", {})
        assert "\\xff\\xfe" in [row["headers"][0][0] for row in parked]
        assert process.metrics.resought.labels("unfetchable")._value.get() >= 1


def test_a_batch_in_an_unknown_codec_becomes_a_poison_with_its_bytes() -> None:
    whole = bytearray(b"\0" * 61)
    struct.pack_into(">qiibIhiqqqhii", whole, 0, 7, 49, 0, 2, 0, 6, 1, 0, 0, -1, -1, -1, 2)

    records = lenient._records(TopicPartition("intake.reports", 3), bytes(whole))

    assert [raw.offset for raw in records] == [7, 8]
    read_back = read(record_from(records[0]), 0)
    assert read_back.unreadable is not None
    assert "codec 6" in read_back.unreadable
    assert read_back.record is not None
    assert read_back.record.value == bytes(whole)


async def test_two_processes_share_the_partitions_and_handle_each_event_once(world: World) -> None:
    async with world.running("one"), world.running("two"):
        await publish(world, [record(world, n) for n in range(100)])

        async def all_printed() -> bool:
            return all([await world.lines(n) == WHOLE for n in range(100)])

        await until(all_printed, "a hundred pages", 60)


async def test_a_process_that_takes_over_fences_the_former_owner_out(world: World) -> None:
    async with world.running("one") as process:
        await publish(world, [record(world, 1)])
        await until(lambda: _equals(world, 1, WHOLE), "the first page")
        delivery = process.delivery
        assert delivery is not None
        (mine,) = [tp for tp in delivery.claims.held if tp.partition == 3]
        thief = await world.store.session()
        fence = delivery.claims.held[mine].fence["_id"]
        await world.store.claim("fences", fence, {"session": thief.id})

        await publish(world, [record(world, 2)])

        async def fenced_out() -> bool:
            return mine not in delivery.claims.held or delivery.claims.held[mine].fence["epoch"] > 2

        await until(fenced_out, "the former owner notices")


async def test_a_topic_that_is_made_again_and_filled_past_where_we_were_is_read_from_its_beginning(
    world: World,
) -> None:
    admin = AIOKafkaAdminClient(**world.kafka.aiokafka())
    await admin.start()
    async with world.running() as process:
        await publish(world, [record(world, n) for n in range(3)])
        await until(lambda: _equals(world, 2, WHOLE), "the pages of the first topic")

        await admin.delete_topics([world.topic])
        await until(lambda: _is_gone(admin, world.topic), "the topic is gone")
        await admin.create_topics([NewTopic(world.topic, 4, 1)])
        await publish(world, [record(world, n) for n in range(10, 20)])

        async def all_printed() -> bool:
            return all([await world.lines(n) == WHOLE for n in range(10, 20)])

        await until(all_printed, "every page of the second topic, the first ones too", 60)
        assert process.metrics.resought.labels("topic-made-again")._value.get() == 4  # its partitions
    await admin.close()


async def _is_gone(admin: AIOKafkaAdminClient, topic: str) -> bool:
    return topic not in await admin.list_topics()


async def _claimed(process: Process, partitions: int) -> bool:
    return process.delivery is not None and len(process.delivery.claims.held) == partitions


async def _equals(world: World, number: int, wanted: list[str]) -> bool:
    return await world.lines(number) == wanted


async def test_a_partition_that_the_client_does_not_fetch_any_more_is_noticed(world: World) -> None:
    async with world.running() as process:
        await until(lambda: _claimed(process, 4), "four partitions")
        assert process.delivery is not None
        source = process.delivery.source
        paused = TopicPartition(world.topic, 3)
        source.consumer.pause(paused)
        await publish(world, [record(world, 0)])

        async def noticed() -> bool:
            return process.delivery is not None and process.delivery.is_stalled(2.0)

        await until(noticed, "something waits and nobody sees it")
        assert await source.end_offsets([paused]) == {paused: 1}
        source.consumer.resume(paused)

        async def well_again() -> bool:
            return await world.lines(0) == WHOLE and not await noticed()

        await until(well_again, "it is handled")


async def test_what_is_gone_from_the_end_of_a_partition_is_not_waited_for(world: World) -> None:
    """Retention took what nobody had read, and nothing came after it."""
    await publish(world, [record(world, n) for n in range(5)])
    async with world.running():

        async def all_printed() -> bool:
            return all([await world.lines(n) == WHOLE for n in range(5)])

        await until(all_printed, "five pages")
    await publish(world, [record(world, n) for n in range(5, 8)])
    admin = AIOKafkaAdminClient(**world.kafka.aiokafka())
    await admin.start()
    await admin.delete_records({TopicPartition(world.topic, 3): RecordsToDelete(before_offset=8)})
    await admin.close()

    async with world.running("two") as process:
        await until(lambda: _claimed(process, 4), "four partitions")
        assert process.delivery is not None
        delivery, gone = process.delivery, TopicPartition(world.topic, 3)

        async def gone_on() -> bool:
            return delivery.claims.held[gone].next == 8

        await until(gone_on, "the hole is accepted")
        await publish(world, [record(world, 8)])

        async def printed() -> bool:
            return await world.lines(8) == WHOLE

        async def all_well() -> bool:
            return not delivery.is_stalled(0.0)

        await until(printed, "what came after it")
        await until(all_well, "nothing waits")
        assert process.metrics.resought.labels("hole-accepted")._value.get() == 1


async def test_a_member_that_joins_anew_does_it_once_whatever_it_still_had_to_tell(world: World) -> None:
    """An offset that is told during a join comes under a generation that is over, which makes the client join again."""
    async with world.running("one") as one, world.running("two") as two:

        async def shared() -> bool:
            return await _claimed(one, 2) and await _claimed(two, 2)

        await until(shared, "two partitions each")
        before = [each.metrics.rebalances._value.get() for each in (one, two)]

        def joins() -> list[float]:
            now = [each.metrics.rebalances._value.get() for each in (one, two)]
            return [count - known for count, known in zip(now, before, strict=True)]

        rounds = 3
        for each in (one, two) * rounds:
            assert each.delivery is not None
            held = each.delivery.claims.held
            each.delivery.offset_committer.schedule({tp: claim.next for tp, claim in held.items()})
            each.delivery.source.consumer._coordinator.request_rejoin()
            await asyncio.sleep(4.5)  # until the other one has heard of it, and time to do it again

        assert max(joins()) <= 2 * rounds
        await until(shared, "two partitions each, again")
