"""Two builds of one service side by side on one database and in one group: nothing is lost or doubled, upwards and back."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from pydantic import SecretStr
from tests.chassis.ledger import NOW, registered, report_id

from chassis.documents import Collection
from chassis.handling import Change, Moment, Reactions, on
from chassis.runtime.process import Process
from chassis.service import Plan
from chassis.settings import ServiceSettings
from chassis.store.mongo import MongoStore
from contracts.envelope import Envelope
from contracts.intake import ReportRegistered
from contracts.routing import CaseResolved
from contracts.topics import dead_letter_topic
from ops.provision import provision
from stack.system import System

pytestmark = pytest.mark.engines

SUBJECTS, ROUND = 40, 4


@dataclass(frozen=True)
class Page:
    report_id: str
    lines: tuple[str, ...] = ()


@dataclass(frozen=True)
class SignedPage:
    report_id: str
    signed: tuple[str, ...]
    lines: tuple[str, ...] = ()


def signed(state: dict[str, Any]) -> dict[str, Any]:
    return state | {"signed": ()}


OLD_PAGES = Collection("pages", Page, lambda page: page.report_id, publishes=("routing.cases",))
NEW_PAGES = Collection(
    "pages", SignedPage, lambda page: page.report_id, publishes=("routing.cases",), upcasters=(signed,)
)


def write(event: ReportRegistered, page: Page | None, _: Moment) -> Change:
    lines = (*(page.lines if page else ()), event.category)
    said = CaseResolved(report_id=event.report_id, outcome=event.category)
    return Change(write=[OLD_PAGES.put(Page(event.report_id, lines))], events=[said])


def sign(event: ReportRegistered, page: SignedPage | None, _: Moment) -> Change:
    lines = (*(page.lines if page else ()), event.category)
    names = (*(page.signed if page else ()), event.category)
    said = CaseResolved(report_id=event.report_id, outcome=event.category)
    return Change(write=[NEW_PAGES.put(SignedPage(event.report_id, names, lines))], events=[said])


OLD = Reactions(on(ReportRegistered, lambda e: (OLD_PAGES[e.report_id],), write))
NEW = Reactions(on(ReportRegistered, lambda e: (NEW_PAGES[e.report_id],), sign))


class World:
    """One database, one group and one topic, for builds that come and go."""

    def __init__(self, engines: System, folder: Path) -> None:
        self.kafka, self.mongo, self.folder = engines.kafka.admin, engines.mongod.admin, folder
        self.name = f"upgrade-{uuid.uuid4().hex[:8]}"
        self.topic = f"{self.name}-reports"
        self.store = MongoStore(self.mongo, self.name)
        self.sent = 0

    async def make_topics(self) -> None:
        provision(self.kafka, 1)
        admin = AIOKafkaAdminClient(**self.kafka.aiokafka())
        await admin.start()
        dead = dead_letter_topic(self.topic, self.name)
        await admin.create_topics([NewTopic(self.topic, 4, 1), NewTopic(dead, 1, 1)])
        await admin.close()

    @asynccontextmanager
    async def build(self, instance: str, reactions: Reactions) -> AsyncIterator[Process]:
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
        pages = OLD_PAGES if reactions is OLD else NEW_PAGES
        plan = Plan(self.name, reactions, [pages], lambda _: [], subscribes=(self.topic,))
        process = Process(plan, settings, MongoStore(self.mongo, self.name))
        await process.open()
        try:
            yield process
        finally:
            await process.close()

    async def report(self) -> None:
        """A round of events: some about each of the subjects."""
        async with AIOKafkaProducer(**self.kafka.aiokafka()) as producer:
            for number in range(self.sent, self.sent + ROUND):
                for subject in range(SUBJECTS):
                    event = registered(subject, f"line-{number:02d}")
                    name = str(uuid.uuid4())
                    envelope = Envelope(
                        name, event.type_tag, "/test", event.subject, NOW, number + 1, event.subject
                    )
                    await producer.send(
                        self.topic, event.body(), event.subject.encode(), headers=envelope.headers()
                    )
            await producer.flush()
        self.sent += ROUND

    @property
    def lines(self) -> list[str]:
        return [f"line-{number:02d}" for number in range(self.sent)]

    async def pages(self) -> list[dict[str, Any]]:
        return await self.store.query("pages", {}, [("_id", 1)])

    async def written(self) -> bool:
        rows = await self.pages()
        return len(rows) == SUBJECTS and all(list(row["state"]["lines"]) == self.lines for row in rows)

    async def said(self) -> dict[str, list[tuple[int, str]]]:
        """What was said of each subject, in the order of its sequence: from what was sent, and what waits."""
        facts: dict[str, list[tuple[int, str]]] = {}
        for row in await self.store.query("outbox", {"aggregatetype": "routing.cases"}):
            outcome = CaseResolved.model_validate_json(row["payload"]).outcome
            facts.setdefault(row["aggregateid"], []).append((row["sequence"], outcome))
        return {subject: sorted(set(found)) for subject, found in facts.items()}


async def until(true: Callable[[], Any], what: str, seconds: float = 60) -> None:
    deadline = asyncio.get_running_loop().time() + seconds
    while not await true():
        assert asyncio.get_running_loop().time() < deadline, f"never happened: {what}"
        await asyncio.sleep(0.1)


@pytest.fixture
async def world(engines: System, tmp_path: Path) -> AsyncIterator[World]:
    made = World(engines, tmp_path)
    await made.make_topics()
    yield made
    await made.store.close()


async def shared(*builds: Process) -> bool:
    return all(build.delivery is not None and len(build.delivery.claims.held) == 2 for build in builds)


@pytest.mark.timeout(300)
async def test_a_build_that_adds_a_field_works_beside_the_one_before_and_can_be_taken_back(
    world: World,
) -> None:
    async with world.build("old", OLD) as old:
        await world.report()
        await until(world.written, "the old build wrote every page")
        async with world.build("new", NEW) as new:
            await until(lambda: shared(old, new), "both builds have two partitions")
            await world.report()
            await until(world.written, "both builds wrote every page")
            upgraded = {row["_id"] for row in await world.pages() if row.get("schema") == 2}
            assert 0 < len(upgraded) < SUBJECTS
        await world.report()
        await until(world.written, "the old build went on with what the new one wrote")

    rows = {row["_id"]: row for row in await world.pages()}
    assert {name for name, row in rows.items() if row.get("schema") == 2} == upgraded
    assert all(list(rows[name]["state"]["signed"]) == world.lines[ROUND : 2 * ROUND] for name in upgraded)
    assert await world.store.query("parked", {}) == []
    wanted = [(number + 1, line) for number, line in enumerate(world.lines)]
    assert await world.said() == {report_id(subject): wanted for subject in range(SUBJECTS)}
