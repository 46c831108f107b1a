"""Delivery on real engines: what is on the topic is handled once, whatever lies between."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer

from chassis.mongo import MongoStore
from chassis.provision import provision
from chassis.service import Plan, Process
from chassis.settings import ServiceSettings
from contracts.envelope import Envelope
from stack.system import System
from tests.chassis.ledger import NOW, PAGES, REACTIONS, Print, WriteLine, registered, report_id

pytestmark = pytest.mark.engines

WHOLE = ["lift", "printed-1", "reminded at 10:30"]  # the event, its job and its timer, each once


class World:
    """One fresh database and group on the engines that every test shares."""

    def __init__(self, engines: System, folder: Path) -> None:
        self.kafka, self.mongo = engines.kafka.address, engines.mongod.address
        self.name = f"ledger-{uuid.uuid4().hex[:8]}"
        self.folder = folder
        (folder / "tokens.json").write_text("{}")
        self.store = MongoStore(self.mongo, self.name)
        self.base = uuid.uuid4().int % 10**11

    def report(self, number: int) -> str:
        return report_id(self.base + number)

    @asynccontextmanager
    async def running(self, instance: str = "one") -> AsyncIterator[Process]:
        settings = ServiceSettings(
            kafka=self.kafka,
            mongo=self.mongo,
            database=self.name,
            port=0,
            instance=instance,
            tokens=self.folder / "tokens.json",
            secret=self.folder / "secret",
            seed=self.folder,
        )

        async def work(job: Print, attempt: int) -> WriteLine:
            return WriteLine(job.report_id, f"printed-{attempt}")

        plan = Plan(
            self.name, REACTIONS, [PAGES], lambda _: [], hears=("intake.reports",), workers={Print: work}
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
    await provision(engines.kafka.address, 1)
    return engines


@pytest.fixture
async def world(topics: System, tmp_path: Path) -> AsyncIterator[World]:
    made = World(topics, tmp_path)
    yield made
    await made.store.close()


async def publish(kafka: str, records: Sequence[tuple[bytes | None, bytes | None, Any]]) -> None:
    async with AIOKafkaProducer(bootstrap_servers=kafka) as producer:
        for key, value, headers in records:
            await producer.send_and_wait("intake.reports", value, key, partition=3, headers=headers)


def record(
    world: World, number: int, category: str = "lift", id: str | None = None
) -> tuple[bytes, bytes, Any]:
    event = registered(world.base + number, category)
    envelope = Envelope(
        id or str(uuid.uuid4()),
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
    await publish(world.kafka, [record(world, n) for n in range(50)])

    async with world.running():

        async def all_printed() -> bool:
            return all([await world.lines(n) == WHOLE for n in range(50)])

        await until(all_printed, "fifty pages with their printed line")


async def test_copies_of_an_event_and_a_restart_change_nothing(world: World) -> None:
    first, again = record(world, 1, id="e-1" + world.name), record(world, 1, id="e-1" + world.name)
    async with world.running():
        await publish(world.kafka, [first, again])
        await until(lambda: _equals(world, 1, WHOLE), "the page")
    await publish(world.kafka, [again, record(world, 2)])
    async with world.running():
        await until(lambda: _equals(world, 2, WHOLE), "the second page")

    assert await world.lines(1) == WHOLE


async def test_a_record_with_a_null_header_is_parked_and_its_neighbours_are_handled(world: World) -> None:
    key, value, headers = record(world, 2)
    broken = [(name, None if name == "ce_id" else value) for name, value in headers]
    async with world.running() as process:
        await publish(world.kafka, [record(world, 1), (key, value, broken), record(world, 3)])
        await until(lambda: _equals(world, 3, WHOLE), "the page after the broken record")

        parked = await world.store.query("parked", {})
        assert [row["detail"] for row in parked] == ["header ce_id is missing or empty"]
        assert await world.lines(1) == WHOLE
        assert await world.lines(2) == []
        assert process.delivery is not None
        assert process.delivery.resting == ""


async def test_two_processes_share_the_partitions_and_handle_each_event_once(world: World) -> None:
    async with world.running("one"), world.running("two"):
        await publish(world.kafka, [record(world, n) for n in range(100)])

        async def all_printed() -> bool:
            return all([await world.lines(n) == WHOLE for n in range(100)])

        await until(all_printed, "a hundred pages", 60)


async def test_a_process_that_takes_over_fences_the_former_owner_out(world: World) -> None:
    async with world.running("one") as process:
        await publish(world.kafka, [record(world, 1)])
        await until(lambda: _equals(world, 1, WHOLE), "the first page")
        delivery = process.delivery
        assert delivery is not None
        (mine,) = [tp for tp in delivery.claims.held if tp.partition == 3]
        thief = await world.store.lane()
        fence = delivery.claims.held[mine].fence["_id"]
        await world.store.claim("fences", fence, {"session": thief.id})

        await publish(world.kafka, [record(world, 2)])

        async def fenced_out() -> bool:
            return mine not in delivery.claims.held or delivery.claims.held[mine].fence["epoch"] > 2

        await until(fenced_out, "the former owner notices")


async def _equals(world: World, number: int, wanted: list[str]) -> bool:
    return await world.lines(number) == wanted
