"""The tutorial's own files: its contract, its service in memory, and its service on real engines, killed in between."""

import asyncio
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import uuid
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from contracts.connection import Connection
from contracts.envelope import Envelope
from contracts.routing import CaseOpened
from stack.ports import free_port
from stack.system import System
from stack.tools import REPOSITORY

TUTORIAL = REPOSITORY / "docs" / "tutorial"
PAGE = REPOSITORY / "docs" / "tutorial.md"
NOW = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
TOPIC, OUTPUT = "routing.cases", "counts.neighbourhoods"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the repository in which the reader has done what the tutorial says."""
    copy = tmp_path_factory.mktemp("tutorial")
    skipped = shutil.ignore_patterns("__pycache__", "node_modules")
    for folder in ("contracts", "services", "chassis", "webkit", "docs"):
        shutil.copytree(REPOSITORY / folder, copy / folder, ignore=skipped)
    for folder in ("contracts", "services"):
        shutil.copytree(TUTORIAL / folder, copy / folder, ignore=skipped, dirs_exist_ok=True)
    subprocess.run(["git", "apply", "docs/tutorial/contracts.diff"], cwd=copy, check=True)
    return copy


@pytest.fixture(scope="module")
def environment(home: Path) -> dict[str, str]:
    """The environment of a program that imports the copy."""
    sources = (home / "contracts/src", home / "services/counts/src")
    return {"PYTHONPATH": os.pathsep.join(map(str, sources)), "PATH": os.environ["PATH"]}  # noqa: TID251 - the child's


def run(words: Sequence[str], home: Path, environment: dict[str, str]) -> str:
    """Run a program in the copy and return what it printed; a failure shows all of it."""
    done = subprocess.run(
        [sys.executable, *words], cwd=home, env=environment, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def blocks() -> dict[str, str]:
    """The files that the page shows, by the path above each."""
    return dict(re.findall(r"^`([\w./-]+)`\n\n```\w+\n(.*?)```$", PAGE.read_text(), re.M | re.S))


def test_the_page_shows_every_file_as_it_is() -> None:
    shown = blocks()
    files = {str(file.relative_to(TUTORIAL)) for file in TUTORIAL.rglob("*.py") if file.stat().st_size}
    assert shown.keys() == files | {"contracts.diff"}
    assert {path: (TUTORIAL / path).read_text() for path in shown} == shown


def test_the_service_has_at_most_a_hundred_lines() -> None:
    files = [*(TUTORIAL / "contracts").rglob("*.py"), *(TUTORIAL / "services").rglob("*.py")]
    assert sum(len(file.read_text().splitlines()) for file in files) <= 100


@pytest.mark.slow
def test_the_contract_is_released_and_passes_every_check(home: Path, environment: dict[str, str]) -> None:
    for verb in ("generate", "release", "generate", "check"):
        run(["-m", "contracts", verb], home, environment)
    assert "counts" in (home / "docs" / "event-map.md").read_text()
    assert (home / "contracts" / "asyncapi" / "counts.json").exists()


@pytest.mark.slow
def test_the_service_counts_in_memory(home: Path, environment: dict[str, str]) -> None:
    printed = run([str(TUTORIAL / "try_in_memory.py")], home, environment)
    assert printed == "{'rancio': 2, 'seriate': 1} [('rancio', 1), ('rancio', 2), ('seriate', 1)]\n"


@dataclass
class Running:
    """The process of the service."""

    process: "subprocess.Popen[bytes]"
    url: str

    async def counts(self) -> dict[str, int]:
        """What the API answers; empty while it does not answer yet."""
        async with httpx.AsyncClient() as client:
            try:
                answer = await client.get(f"{self.url}/v1/neighbourhoods")
            except httpx.TransportError:
                return {}
        return dict(answer.json()) if answer.status_code == 200 else {}


@pytest.fixture
def settings(own_engines: System, home: Path, environment: dict[str, str], tmp_path: Path) -> dict[str, str]:
    """The settings of the service, on engines whose topics the copy's contracts have provisioned."""
    kafka: Connection = own_engines.kafka.admin
    (tmp_path / "secret").write_text("ab" * 32)
    provision = (
        "from ops.provision import provision; import sys; from contracts.connection import Connection; "
    )
    run(
        [
            "-c",
            f"{provision} provision(Connection(*sys.argv[1:4]), 1)",
            kafka.servers,
            kafka.user,
            kafka.password,
        ],
        home,
        environment,
    )
    return environment | {
        "COUNTS_KAFKA": kafka.servers,
        "COUNTS_KAFKA_USER": kafka.user,
        "COUNTS_KAFKA_PASSWORD": kafka.password,
        "COUNTS_MONGO": own_engines.mongod.admin,
        "COUNTS_DATABASE": "counts",
        "COUNTS_PORT": str(free_port()),
        "COUNTS_STAGE": "development",
        "COUNTS_ISSUER": "http://127.0.0.1:9",
        "COUNTS_SECRET": str(tmp_path / "secret"),
        "COUNTS_SEED": str(tmp_path),
        "COUNTS_INSTANCE": "counts-0",
    }


@asynccontextmanager
async def running(settings: dict[str, str], home: Path) -> AsyncIterator[Running]:
    process = subprocess.Popen([sys.executable, "-m", "counts"], cwd=home, env=settings)
    try:
        yield Running(process, f"http://127.0.0.1:{settings['COUNTS_PORT']}")
    finally:
        process.terminate()
        process.wait(30)


async def publish(kafka: Connection, neighbourhoods: Sequence[str]) -> None:
    """Publish a case for each neighbourhood, and every record twice."""
    async with AIOKafkaProducer(**kafka.aiokafka()) as producer:
        for neighbourhood in neighbourhoods:
            report = str(uuid.uuid4())
            event = CaseOpened(
                report_id=report, route="operator", operator="operatore-1", rule="any", rules_version="1",
                urgency="n", neighbourhood=neighbourhood, contact_due_at=NOW, due_at=NOW,
            )  # fmt: skip
            envelope = Envelope(
                str(uuid.uuid4()), event.type_tag, "/routing", report, NOW, 1, report, accepted_time=NOW
            )
            for _ in range(2):
                await producer.send_and_wait(TOPIC, event.body(), report.encode(), headers=envelope.headers())


async def published(kafka: Connection, count: int) -> list[dict[str, Any]]:
    """The first `count` bodies on the service's own topic that are no copies, in order per neighbourhood."""
    consumer = AIOKafkaConsumer(**kafka.aiokafka(), auto_offset_reset="earliest")
    await consumer.start()
    try:
        consumer.assign([TopicPartition(OUTPUT, number) for number in range(12)])
        seen: dict[bytes, dict[str, Any]] = {}
        async with asyncio.timeout(30):
            while len(seen) < count:
                record = await consumer.getone()
                seen.setdefault(dict(record.headers)["ce_id"], json.loads(record.value))
        return list(seen.values())
    finally:
        await consumer.stop()


async def until(service: Running, wanted: dict[str, int]) -> None:
    async with asyncio.timeout(60):
        while (found := await service.counts()) != wanted:
            assert service.process.poll() is None, "the service has ended"
            assert all(found[one] <= wanted.get(one, 0) for one in found), found
            await asyncio.sleep(0.1)


async def test_the_service_counts_each_case_once_on_real_engines_though_it_is_killed(
    own_engines: System, settings: dict[str, str], home: Path
) -> None:
    kafka = own_engines.kafka.admin
    await publish(kafka, ["rancio", "seriate", "rancio"])
    async with running(settings, home) as service:
        await until(service, {"rancio": 2, "seriate": 1})
        await publish(kafka, ["rancio"] * 20)
        service.process.send_signal(signal.SIGKILL)
        service.process.wait(10)

    async with running(settings, home) as service:
        await until(service, {"rancio": 22, "seriate": 1})

    bodies = await published(kafka, 23)
    assert [one["opened"] for one in bodies if one["neighbourhood"] == "rancio"] == list(range(1, 23))
    assert [one["opened"] for one in bodies if one["neighbourhood"] == "seriate"] == [1]
