"""Child processes, killed and restarted."""

import threading
from pathlib import Path

import pytest

from stack.processes import Child


@pytest.fixture
def child(tmp_path: Path) -> Child:
    return Child("sleeper", tmp_path)


def start(child: Child) -> None:
    child.start(["/bin/sleep", "60"], {})


def test_a_killed_child_is_gone_although_the_next_starts_at_once(child: Child) -> None:
    start(child)
    over = threading.Event()

    def start_again() -> None:
        while not over.is_set():
            if not child.alive():
                start(child)

    keeper = threading.Thread(target=start_again, daemon=True)
    keeper.start()
    try:
        for _ in range(20):
            before = child.pid()
            child.kill()
            assert before is None or child.pid() != before
    finally:
        over.set()
        keeper.join(5)
        child.kill()


def test_a_child_that_is_over_is_forgotten(child: Child) -> None:
    start(child)
    child.stop()

    assert not child.pidfile.exists()
    assert child.pid() is None
