"""`up` completes the system from any state that kills leave, and the supervisor restarts processes."""

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pymongo import MongoClient

from contracts.permissions import SERVICES
from stack.ports import HOST, answers
from stack.processes import Child
from stack.system import System
from stack.tools import Tools
from stack.verbs import status

# Whole systems start here, some of them several times.
pytestmark = [pytest.mark.engines, pytest.mark.timeout(300)]


@pytest.fixture
def system(tmp_path: Path, tools: Tools) -> Iterator[System]:
    """A system in a folder with a non-ASCII name."""
    system = System(tmp_path / "Città d'arte")
    yield system
    system.stop()


def until(probe: Callable[[], object], seconds: float = 120.0) -> None:
    end = time.monotonic() + seconds
    while not probe():
        assert time.monotonic() < end, "did not happen in time"
        time.sleep(0.005)


def kill_when(child: Child, moment: Callable[[], object]) -> threading.Thread:
    """Kills a process once, when `moment` becomes true."""

    def strike() -> None:
        until(lambda: child.alive() and moment())
        child.send(signal.SIGKILL)

    thread = threading.Thread(target=strike, daemon=True)
    thread.start()
    return thread


def up(system: System, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "stack", "up", "--state", str(system.root), *words]
    return subprocess.run(
        ["env", "-u", "LANG", "LC_ALL=C", *command], capture_output=True, text=True, timeout=280
    )


def users(system: System) -> int:
    with MongoClient[dict[str, object]](system.mongod.admin, serverSelectionTimeoutMS=5000) as client:
        return len(client.admin.command("usersInfo")["users"])


def test_engines_killed_during_up_are_restarted(system: System) -> None:
    data = system.root / "kafka" / "data"
    strikes = [
        kill_when(system.mongod.child, lambda: True),
        kill_when(system.kafka.child, lambda: any(data.glob("intake.reports-*"))),
    ]
    first = up(system)
    for strike in strikes:
        strike.join(1)
        assert not strike.is_alive(), "the kill came too late to show anything"
    assert first.returncode == 0, first.stderr
    assert "mongod ended" in first.stderr
    assert "kafka ended" in first.stderr
    assert system.stopped_processes() == []
    assert users(system) > 0
    assert [folder.name for folder in system.root.parent.iterdir()] == ["Città d'arte"]
    before = {s.name: s.pid for s in system.statuses()}
    assert up(system).returncode == 0
    assert {s.name: s.pid for s in system.statuses()} == before


def test_an_interrupted_preparation_is_repeated(system: System) -> None:
    for folder in (system.root / "kafka", system.root / "mongod"):
        (folder / "data").mkdir(parents=True)
    (system.root / "kafka" / "formatting").touch()
    (system.root / "kafka" / "data" / "meta.properties").write_text("half")
    (system.root / "mongod" / "founding").touch()
    (system.root / "mongod" / "data" / "storage.bson").write_text("half")
    system.mongod.passwords.make("admin")
    system.kafka.passwords.make("admin")
    (system.root / "kafka" / "ports.json").write_text('{"clients": ')
    system.start_engines()
    assert users(system) > 0
    assert not (system.root / "kafka" / "formatting").exists()
    assert not (system.root / "mongod" / "founding").exists()


def test_the_supervisor_restarts_killed_processes_and_down_stops_it_first(system: System) -> None:
    two = [threading.Thread(target=up, args=(system, "--supervise")) for _ in range(2)]
    for one in two:
        one.start()
    for one in two:
        one.join()
    assert system.supervisor.alive()
    killed = {name: system.service(name).pid() for name in SERVICES}
    killed |= {"kafka": system.kafka.child.pid(), "issuer": system.issuer.pid()}
    killed["gateway"] = system.gateway.pid()
    for pid in killed.values():
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
    until(
        lambda: (
            not system.stopped_processes()
            and all(system.service(name).pid() != killed[name] for name in SERVICES)
        )
    )
    for name in SERVICES:
        system.wait_service(name)
    system.service("intake").send(signal.SIGKILL)
    system.stop()
    time.sleep(2)
    assert [s.name for s in system.statuses() if s.pid] == []


def test_the_supervisor_gives_up_on_repeated_failures_and_status_reports_it(
    system: System, capfd: pytest.CaptureFixture[str]
) -> None:
    system.start(supervised=True)

    def kill() -> bool:
        system.service("notify").send(signal.SIGKILL)
        return system.failure_file.exists()

    until(kill)
    until(lambda: not system.supervisor.alive())
    assert status(["--state", str(system.root)]) == 0
    errors = capfd.readouterr().err
    assert "notify-0 failed 5 times in a row" in errors
    assert "The supervisor gave up" in errors
    system.start()
    assert system.stopped_processes() == []
    assert not system.failure_file.exists()


def test_services_restart_when_a_port_of_an_engine_changes(system: System) -> None:
    system.start()
    before, port = system.service("routing").pid(), system.mongod.port
    system.mongod.kill()
    squatter = Child("squatter", system.root.parent / "squatter")
    words = ["-m", "http.server", "--bind", HOST, str(port)]
    squatter.start([sys.executable, *words], {})
    try:
        until(lambda: answers(port))
        system.start()
        assert system.mongod.port != port
        assert system.service("routing").pid() != before
        assert system.stopped_processes() == []
    finally:
        squatter.kill()


def test_a_broker_paused_for_some_seconds_only_delays_up(system: System) -> None:
    def freeze() -> None:
        until(lambda: system.kafka.child.alive() and answers(system.kafka.port))
        system.kafka.pause()
        time.sleep(12)
        system.kafka.resume()

    frozen = threading.Thread(target=freeze)
    frozen.start()
    done = up(system)
    frozen.join()
    assert done.returncode == 0, done.stderr
    assert re.search(r"waiting for kafka \(1\d s; its log says:", done.stderr)
