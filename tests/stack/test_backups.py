"""A backup under load can be restored: everything accepted before its point in time is complete, nothing is doubled."""

import asyncio
import json
import re
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import httpx
import pytest
from confluent_kafka import Consumer
from pymongo import MongoClient
from tests.conftest import state_of_our_own

from chassis.clock import utc_now
from contracts.envelope import read_envelope
from contracts.permissions import SERVICES
from stack.account import find_budget_violations, unfinished
from stack.account_checks import CASE, check_order, find_violations
from stack.account_sources import Sources
from stack.account_world import LoggedRequest, Observations, collect_histories
from stack.play import Log, Player, PublicApis, read_log
from stack.scenario import generate
from stack.system import System
from stack.tools import REPOSITORY, Tools, base_environment

pytestmark = [pytest.mark.engines, pytest.mark.timeout(600)]

GUIDE = REPOSITORY / "docs" / "backup.md"
SIZE = 40
TIMEOUT_SECONDS = 120.0


class ScenarioRun:
    """One scenario, run against the public APIs, and its client log."""

    def __init__(self, system: System, seed: int, size: int = SIZE) -> None:
        self.system, self.seed, self.size = system, seed, size
        self.began = utc_now()
        self.path = system.root / "days" / f"{seed}.jsonl"

    def play(self) -> None:
        asyncio.run(self._play())

    async def _play(self) -> None:
        intake = self.system.url("intake")
        log = Log(self.path)
        async with httpx.AsyncClient(timeout=15) as client:
            registers = [
                (await client.get(f"{intake}/v1/{name}")).json()[name] for name in ("categories", "places")
            ]
            day = generate(self.seed, registers[0], registers[1], self.began, self.size)
            urls = {name: self.system.url(name) for name in ("intake", "routing", "subsidies")}
            apis = PublicApis(**urls, dev_tokens=self.system.dev_tokens())
            await Player(client, apis, log, lambda _: None).play(day)
        log.close()

    @property
    def log(self) -> list[LoggedRequest]:
        return read_log(self.path)

    @property
    def accepted(self) -> set[str]:
        return {one.report_id for one in self.log if one.step == "report" and one.status in (200, 201)}

    @property
    def sources(self) -> Sources:
        system = self.system
        return Sources(system.mongod.admin, system.kafka.admin, system.mails, self.began.timestamp())

    def finish(self) -> Observations:
        """Waits until no work is outstanding, and reads all sources."""
        wait(lambda: unfinished(self.sources.read_stores(self.log)) == 0, "the scenario is never done")
        return self.sources.read_all(self.log)


def wait(done: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + TIMEOUT_SECONDS
    while not done():
        assert time.monotonic() < deadline, what
        time.sleep(0.3)


def wrong(world: Observations) -> list[str]:
    """All violations of a scenario."""
    found = [text for history in collect_histories(world).values() for text in find_violations(history)]
    return found + [one.what for one in world.leftovers] + list(find_budget_violations(world))


def run(*words: str | Path, fails: bool = False) -> str:
    command = [sys.executable, "-m", "stack", *map(str, words)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert (done.returncode != 0) is fails, done.stdout + done.stderr
    return done.stdout + done.stderr


def back_up_in_mid_stream(system: System, day: ScenarioRun) -> Path:
    """Runs a scenario, and backs up when a part of it has been accepted."""
    folder = system.root / "backups"
    before = set(folder.glob("*.backup"))
    playing = threading.Thread(target=day.play)
    playing.start()
    wait(
        lambda: day.path.exists() and len(day.path.read_text().splitlines()) > SIZE // 3, "no report was sent"
    )
    said = run("backup", "--state", system.root)
    playing.join()
    [archive] = set(folder.glob("*.backup")) - before
    assert f"{archive.name}: " in said
    latest = json.loads((folder / "latest.json").read_text())
    assert latest["file"] == archive.name
    assert abs(latest["at"] - time.time()) < TIMEOUT_SECONDS
    return archive


def known(system: System, ids: Sequence[str] | set[str]) -> set[str]:
    """The reports of which any service has a document."""
    found: set[str] = set()
    with MongoClient[dict[str, Any]](system.mongod.admin) as client:
        for name, collection in (("intake", "reports"), ("routing", "cases"), ("notify", "threads")):
            found |= {row["_id"] for row in client[name][collection].find({"_id": {"$in": list(ids)}})}
    return found


def consume(system: System, group: str, topic: str) -> list[str]:
    """The event ids that a consumer of another team receives; it commits its offsets."""
    settings = {"group.id": group, "auto.offset.reset": "earliest", "enable.auto.commit": False}
    consumer = Consumer(system.kafka.admin.librdkafka() | settings)
    consumer.subscribe([topic])
    received: list[str] = []
    quiet = 0
    while quiet < (15 if not received else 2):
        messages = [message for message in consumer.consume(500, 1.0) if message.error() is None]
        received += [read_envelope(message.headers()).id for message in messages]
        quiet = 0 if messages else quiet + 1
    consumer.commit(asynchronous=False)
    consumer.close()
    return received


@pytest.fixture(scope="module")
def system(tools: Tools) -> Iterator[System]:
    with state_of_our_own() as state:
        made = System(state)
        try:
            made.start()
            yield made
        finally:
            made.stop()


def test_data_accepted_before_the_backup_is_complete_again(system: System) -> None:
    """Restores one archive twice: with the old Kafka, and with a lost one."""
    first, second, late = ScenarioRun(system, 1), ScenarioRun(system, 2), ScenarioRun(system, 3)
    first.play()
    assert wrong(first.finish()) == []
    before = set(consume(system, "team.board", "routing.cases"))
    archive = back_up_in_mid_stream(system, second)
    late.play()
    assert wrong(second.finish()) + wrong(late.finish()) == []
    assert "make down" in run("restore", archive, "--state", system.root, fails=True)  # services run
    gone = second.accepted | late.accepted

    said = lose_and_restore(system, archive, "mongod")
    there = check_what_is_whole(system, first, second, before)
    check_what_is_lost(archive, said, gone - there)
    assert known(system, late.accepted) == set()
    between = ScenarioRun(system, 4)
    between.play()
    assert wrong(between.finish()) == []

    said = lose_and_restore(system, archive, "mongod", "kafka")
    assert check_what_is_whole(system, first, second, before) == there
    check_what_is_lost(archive, said, set())
    assert known(system, late.accepted | between.accepted) == set()
    after = ScenarioRun(system, 5)
    after.play()
    assert wrong(after.finish()) == []


def lose_and_restore(system: System, archive: Path, *engines: str) -> str:
    """Restores and starts the system; returns the output of the restore."""
    system.stop()
    for engine in engines:
        shutil.rmtree(system.root / engine)
    said = run("restore", archive, "--state", system.root)
    system.start()
    return said


def check_what_is_whole(
    system: System, day: ScenarioRun, under_way: ScenarioRun, received: set[str]
) -> set[str]:
    """Checks that the complete scenario is there and published again; returns the reports of the interrupted one."""
    world = day.finish()
    assert wrong(world) == []
    published = {fact.id for history in collect_histories(world).values() for fact in history.facts}
    assert published & received <= set(consume(system, "team.board", "routing.cases"))
    return check_what_was_under_way(system, under_way)


def check_what_was_under_way(system: System, day: ScenarioRun) -> set[str]:
    """Checks that a report of the interrupted scenario is in all services or in none; returns those that are there."""
    there = known(system, day.accepted)
    assert there, "the backup was taken before the first report"
    assert there == {row["_id"] for row in intake_reports(system, there)}
    wait(lambda: all(cases(system, name) == 1 for name in there), "a report that is there has no case")
    world = day.sources.read_all(day.log)
    for name, history in collect_histories(world).items():
        assert list(check_order(history)) == []
        assert len(history.events(*CASE)) == (1 if name in there else 0)
        assert len(history.events("report-registered.v1")) == (1 if name in there else 0)
    return there


def check_what_is_lost(archive: Path, said: str, gone: set[str]) -> None:
    """Checks that lost events that were on a topic are listed."""
    latest = max(archive.parent.glob("*.jsonl"), key=lambda file: file.name)
    lost = [json.loads(line) for line in latest.read_text().splitlines()]
    assert {row["subject"] for row in lost if row["type"] == "report-registered.v1"} == gone
    assert ("report-registered.v1" in said) is bool(gone)


def intake_reports(system: System, ids: set[str]) -> list[dict[str, Any]]:
    with MongoClient[dict[str, Any]](system.mongod.admin) as client:
        return list(client["intake"]["reports"].find({"_id": {"$in": list(ids)}}))


def cases(system: System, name: str) -> int:
    with MongoClient[dict[str, Any]](system.mongod.admin) as client:
        count = client["routing"]["cases"].count_documents({"_id": name, "state": {"$ne": None}})
        return count if all(not client[one]["outbox"].find_one({"sent_at": None}) for one in SERVICES) else 0


def test_the_drill_runs_as_it_is_written(system: System, tmp_path: Path) -> None:
    day = ScenarioRun(system, 6, size=4)
    day.play()
    day.finish()
    [drill] = re.findall(r"^```sh\n((?:.*\n)*?)^```$", GUIDE.read_text(), re.MULTILINE)
    folders = {"STATE": str(system.root), "DRILL": str(tmp_path / "drill")}
    line = ["bash", "-euo", "pipefail", "-c", drill]

    restored = System(tmp_path / "drill")
    try:
        done = subprocess.run(
            line, cwd=REPOSITORY, env=base_environment() | folders, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stdout + done.stderr
        assert "every checksum and count is right" in done.stdout
        restored.mongod.start()
        assert known(restored, day.accepted) == day.accepted == known(system, day.accepted)
    finally:
        restored.stop()
