"""Timeouts without progress, and restarts of terminated processes."""

import os
import signal
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from stack.__main__ import FIXES, explain
from stack.files import mutex, write_atomically
from stack.ports import RANGE, Ports
from stack.processes import Child, ProcessFailedError, StackError
from stack.progress import MAX_SECONDS, ProgressTimeout
from stack.recovery import JOB_TRIES, LONGEST_PAUSE, MOST_CRASHES, STEADY_SECONDS, Crashes, converge, run_job
from stack.services import Secrets, is_current
from stack.tools import base_environment

pytestmark = pytest.mark.slow

SLEEP = [sys.executable, "-c", "import time; time.sleep(60)"]


class Clock:
    """A clock that tests set."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_progress_extends_the_timeout_up_to_the_maximum() -> None:
    clock, reported = Clock(), list[float]()
    timeout = ProgressTimeout(60.0, lambda: clock.now // 50, reported.append, clock)
    while not (why := timeout.expired()):
        clock.now += 5
    assert clock.now > MAX_SECONDS
    assert why == "was not ready within 600 s"
    assert reported[:3] == [10.0, 20.0, 30.0]


def test_without_progress_the_timeout_expires() -> None:
    clock = Clock()
    timeout = ProgressTimeout(60.0, lambda: "the same", lambda _: None, clock)
    while not (why := timeout.expired()):
        clock.now += 1
    assert clock.now == 61
    assert why == "made no progress for 60 s"


def test_a_process_that_only_writes_its_log_is_waited_for(tmp_path: Path) -> None:
    busy = Child("busy", tmp_path)
    code = "import time\nfor n in range(30): print('step', n, flush=True); time.sleep(.1)\ntime.sleep(60)"
    busy.start([sys.executable, "-c", code], base_environment())
    try:
        busy.wait_until(lambda: "step 29" in busy.log.read_text(), 1.5)
    finally:
        busy.kill()


def test_a_process_frozen_for_a_while_is_waited_for_and_one_frozen_for_good_is_not(tmp_path: Path) -> None:
    child = Child("frozen", tmp_path)
    code = "import time\ntime.sleep(1)\nprint('ready', flush=True)\ntime.sleep(60)"
    child.start([sys.executable, "-c", code], base_environment())
    try:
        child.pause()
        thaw = threading.Timer(1.0, child.resume)
        thaw.start()
        child.wait_until(lambda: "ready" in child.log.read_text(), 10)
        thaw.join()
        child.pause()
        with pytest.raises(ProcessFailedError, match="made no progress"):
            child.wait_until(lambda: False, 0.5)
    finally:
        child.kill()


def test_an_interrupted_step_is_repeated_until_it_succeeds(tmp_path: Path) -> None:
    child, starts = Child("fragile", tmp_path), list[int]()

    def step() -> None:
        if not child.alive():
            starts.append(child.start(SLEEP, base_environment()))
        if len(starts) < 3:
            child.send(signal.SIGKILL)
        child.wait_until(lambda: len(starts) == 3, 10)

    try:
        converge(step)
        assert child.pid() == starts[-1]
    finally:
        child.kill()


def test_a_process_that_always_ends_is_given_up_with_its_last_lines(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    child, clock = Child("hopeless", tmp_path), Clock()
    child.log.write_text("no such database\n")
    crashes = Crashes(clock=clock)
    pauses = [crashes.count(child) for _ in range(MOST_CRASHES - 1)]
    assert pauses == sorted(pauses)
    assert max(pauses) <= LONGEST_PAUSE
    with pytest.raises(StackError, match="hopeless failed 5 times in a row"):
        crashes.count(child)
    assert "no such database" in capsys.readouterr().err


def test_crashes_far_apart_are_no_row(tmp_path: Path) -> None:
    clock = Clock()
    crashes = Crashes(clock=clock)
    for _ in range(3 * MOST_CRASHES):
        assert crashes.count(Child("sometimes", tmp_path)) == 0.5
        clock.now += STEADY_SECONDS + 1


def test_a_job_is_tried_again_and_ends_with_the_process_that_it_needs(tmp_path: Path) -> None:
    needed, tries = Child("needed", tmp_path), tmp_path / "tries"
    needed.start(SLEEP, base_environment())
    try:
        code = f"open({str(tries)!r}, 'a').write('x'); import sys; sys.exit(len(open({str(tries)!r}).read()) < 3)"
        run_job("The job", [sys.executable, "-c", code], base_environment(), needed)
        assert tries.read_text() == "x" * JOB_TRIES
        with pytest.raises(StackError, match="The job failed 3 times"):
            run_job("The job", [sys.executable, "-c", "raise SystemExit(1)"], base_environment(), needed)
        threading.Timer(0.3, lambda: needed.send(signal.SIGKILL)).start()
        start = time.monotonic()
        with pytest.raises(ProcessFailedError, match="needed ended while a job needed it"):
            run_job("The job", SLEEP, base_environment(), needed)
        assert time.monotonic() - start < 10
    finally:
        needed.kill()


@pytest.mark.parametrize(
    "content", ["{pid} gone\n", "{pid}\n", "{pid} another-boot 17\n", "{pid}", "", "\x00", "-1 x"]
)
def test_a_stale_or_half_written_pidfile_signals_nobody(tmp_path: Path, content: str) -> None:
    stranger, stale = Child("stranger", tmp_path / "elsewhere"), Child("stale", tmp_path)
    pid = stranger.start(SLEEP, base_environment())
    try:
        stale.pidfile.write_text(content.format(pid=pid))
        assert not stale.alive()
        stale.stop()
        stale.kill()
        assert stranger.pid() == pid
    finally:
        stranger.kill()


def test_a_process_with_outdated_settings_is_stopped(tmp_path: Path) -> None:
    child = Child("service", tmp_path)
    assert not is_current(child, "old")
    child.start(SLEEP, base_environment())
    assert is_current(child, "old")
    assert not is_current(child, "new")
    assert not child.alive()


def test_waiting_for_another_command_is_reported(tmp_path: Path) -> None:
    reported, inside = threading.Event(), threading.Event()

    def second() -> None:
        with mutex(tmp_path / "lock", reported.set):
            inside.set()

    with mutex(tmp_path / "lock", lambda: pytest.fail("nobody holds the lock")):
        waiting = threading.Thread(target=second)
        waiting.start()
        assert reported.wait(5)
        assert not inside.is_set()
    waiting.join(5)
    assert inside.is_set()


def test_an_empty_key_that_data_may_be_sealed_with_is_refused_and_an_empty_password_made_anew(
    tmp_path: Path,
) -> None:
    secrets = Secrets(tmp_path)
    secrets.make()
    write_atomically(secrets.client("routing"), "")
    secrets.make()
    assert secrets.client("routing").read_text()
    write_atomically(secrets.key("intake"), "")
    with pytest.raises(StackError, match=r"intake\.secret is empty"):
        secrets.make()


@pytest.mark.parametrize("content", ["", "[1]", '{"http": "x"}', '{"http": [1]}', "null", '{"http": '])
def test_ports_that_cannot_be_read_are_chosen_anew(tmp_path: Path, content: str) -> None:
    ports = Ports(tmp_path)
    ports.file.write_text(content)
    assert ports["http"] in RANGE
    assert ports["http"] == Ports(tmp_path)["http"]


def test_concurrent_choices_of_a_port_agree(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(lambda _: Ports(tmp_path)["http"], range(32)))) == 1


@pytest.mark.parametrize("number", sorted(FIXES))
def test_a_file_system_error_is_one_sentence_with_the_fix(
    number: int, capsys: pytest.CaptureFixture[str]
) -> None:
    error = OSError(number, os.strerror(number), "/state/kafka")
    assert explain("up", error) == 1
    assert capsys.readouterr().err == f"up: /state/kafka: {os.strerror(number)}: {FIXES[number]}.\n"
    with pytest.raises(ConnectionError):
        explain("up", ConnectionError(104, "reset"))
