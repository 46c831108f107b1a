"""Every snippet of the guide runs unchanged from the root of the repository."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import confluent_kafka
import pytest
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic
from tests.contracts.test_foreign_tools import compiled

from contracts.connection import Connection
from contracts.samples import golden
from contracts.topics import BY_TYPE
from stack.onboarding import environment_of, onboard
from stack.subscriber_programs import PROGRAMS
from stack.system import System
from stack.tools import REPOSITORY, Tools

GUIDE = (REPOSITORY / "contracts/README.md").read_text()
SNIPPETS = re.findall(r"^```(\w+) ?(.*)\n((?:.*\n)*?)^```$", GUIDE, re.MULTILINE)
CI = os.environ.get("CI") == "true"  # noqa: TID251 - CI is detected here only


def snippets(language: str, kind: str) -> list[Any]:
    found = [text for tongue, how, text in SNIPPETS if (tongue, how) == (language, kind)]
    return [pytest.param(text, id=text.strip().splitlines()[0][:60]) for text in found]


def environment(**more: str) -> dict[str, str]:
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"  # noqa: TID251 - the child's own
    return {"PATH": path, "HOME": os.environ["HOME"]} | more  # noqa: TID251


def test_every_snippet_is_of_a_kind_that_is_run_here() -> None:
    kinds = {(language, how) for language, how, _ in SNIPPETS}

    assert kinds == {
        ("python", ""), ("python", "kafka"), ("sh", ""), ("sh", "runs"), ("sh", "runs node"), ("sh", "runs java"),
        ("sh", "kcat"), ("ts", ""),
    }  # fmt: skip


def test_every_link_leads_somewhere() -> None:
    for link in re.findall(r"\]\((?!http)([^)#]+)\)", GUIDE):
        assert (REPOSITORY / "contracts" / link).exists(), link


@pytest.mark.parametrize("snippet", snippets("python", ""))
def test_a_python_snippet_runs(snippet: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(REPOSITORY)

    exec(snippet, {})


@pytest.mark.parametrize("snippet", snippets("sh", ""))
def test_a_shell_snippet_runs(snippet: str) -> None:
    line = ["bash", "-euo", "pipefail", "-c", snippet]

    result = subprocess.run(line, cwd=REPOSITORY, env=environment(), capture_output=True, text=True)

    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.foreign
@pytest.mark.timeout(180)
@pytest.mark.parametrize("snippet", snippets("ts", ""))
def test_a_typescript_snippet_compiles(snippet: str, node_tools: Path, home: Path) -> None:
    result = compiled(node_tools, home, snippet.replace("./contracts/", "./"))

    assert result.returncode == 0, result.stdout


@pytest.fixture(scope="session")
def kafka(engines: System) -> Connection:
    """A broker with our topics and all golden records; returns the connection of another team."""
    engines.provision()
    producer = Producer(engines.kafka.admin.librdkafka())
    for record in [record for event in BY_TYPE.values() for record in golden(event)]:
        headers = list(record["headers"].items())
        producer.produce(
            record["topic"], record["value"], record["key"], record["partition"], headers=headers
        )
    assert producer.flush(60) == 0
    return onboard(engines, "cruscotto")


@pytest.fixture
def twelve(engines: System) -> Iterator[str]:
    """A topic of twelve partitions for one test."""
    admin = AdminClient(engines.kafka.admin.librdkafka())
    name = f"twelve-{time.time_ns()}"
    admin.create_topics([NewTopic(name, 12, 1)])[name].result(10)
    yield name
    admin.delete_topics([name])[name].result(10)


@pytest.mark.engines
@pytest.mark.parametrize("snippet", snippets("python", "kafka"))
def test_a_python_snippet_with_a_broker_runs(
    snippet: str, engines: System, twelve: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(REPOSITORY)

    login = engines.kafka.admin.librdkafka()
    exec(snippet, {"LOGIN": login, "KAFKA": engines.kafka.address, "TWELVE": twelve})


def new_librdkafka(folder: Path) -> str:
    """A library path with the librdkafka of the Python client: distributions ship versions whose login Kafka 4 refuses."""
    [library] = Path(confluent_kafka.__file__).parents[1].glob("confluent_kafka.libs/librdkafka-*.so.1")
    (folder / "librdkafka.so.1").symlink_to(library)
    return f"{folder}:{library.parent}"


@pytest.mark.engines
@pytest.mark.parametrize("snippet", snippets("sh", "kcat"))
def test_a_line_for_kcat_runs(snippet: str, kafka: Connection, tmp_path: Path) -> None:
    if not shutil.which("kcat"):
        pytest.skip("kcat is missing: apt-get install kcat")

    env = environment(**environment_of(kafka), LD_LIBRARY_PATH=new_librdkafka(tmp_path))

    result = subprocess.run(["bash", "-euc", snippet], env=env, capture_output=True, text=True)

    assert result.returncode == 0, result.stderr
    assert "ce_type=case-opened.v1" in result.stdout


@pytest.mark.engines
@pytest.mark.foreign
@pytest.mark.timeout(180)
@pytest.mark.parametrize("language", ["python", "node", "java"])
def test_a_subscriber_starts_as_the_guide_says(
    language: str, kafka: Connection, home: Path, tools: Tools
) -> None:
    program = next(one for one in PROGRAMS if one.language == language)
    if program.missing():
        (pytest.fail if CI else pytest.skip)(program.missing())
    [snippet] = [
        text
        for _, how, text in SNIPPETS
        if how in ("runs", "runs node", "runs java") and f"${{GROUP}}{language}" in text
    ]
    output = home.parent / "output.jsonl"
    env = environment(**environment_of(kafka), FILE=str(output), KAFKA_JARS=str(tools.kafka))

    process = subprocess.Popen(["bash", "-euc", snippet], cwd=home.parent, env=env, start_new_session=True)
    try:
        deadline = time.monotonic() + 120
        while not (output.exists() and "case-opened.v1" in output.read_text()):
            assert process.poll() is None, "it exited"
            assert time.monotonic() < deadline, "it wrote no event"
            time.sleep(0.2)
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
