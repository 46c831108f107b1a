"""Fixtures and options of every suite."""

import fcntl
import gc
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import settings

from stack.processes import StackError
from stack.system import System
from stack.tools import REPOSITORY, Tools

# The time of an example depends on the load of the machine.
settings.register_profile("any machine", deadline=None)
settings.register_profile(
    "unit", deadline=None, max_examples=settings.get_profile("default").max_examples // 5
)

# A forked process that collected garbage of earlier tests would close clients whose threads it does not have, and
# librdkafka would crash. Frozen objects are never collected there.
os.register_at_fork(before=gc.freeze, after_in_parent=gc.unfreeze)


# Files that start whole systems or wait for crashes: one takes longer than hundreds of other tests.
LONG = frozenset(
    {
        "test_supervision",
        "test_simulation",
        "test_crash_points",
        "test_backup",
        "test_backups",
        "test_upgrade",
        "test_tls",
        "test_outside",
    }
)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add `--unit`, which skips tests that start an engine or are marked `slow`, and runs a fifth of hypothesis' examples."""
    parser.addoption(
        "--unit", action="store_true", help="only the tests that start no engine and are not slow"
    )


def pytest_configure(config: pytest.Config) -> None:
    """Load the profile before test modules are imported, because they may multiply its examples."""
    # Each test builds an application of thousands of objects: collecting so often as by default takes a third of the time.
    gc.set_threshold(20_000, 10, 10)
    settings.load_profile("unit" if config.getoption("--unit") else "any machine")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Run the files whose few tests take minutes first, so that no worker starts one of them last and runs alone."""
    items.sort(key=lambda item: not (item.path.parent.name == "ha" or item.path.stem in LONG))
    if config.getoption("--unit"):
        left_out = {
            item
            for item in items
            if "tools" in getattr(item, "fixturenames", ()) or item.get_closest_marker("slow")
        }
        config.hook.pytest_deselected(items=list(left_out))
        items[:] = [item for item in items if item not in left_out]


@pytest.fixture(scope="session")
def tools(request: pytest.FixtureRequest) -> Tools:
    """The engines' programs; tests are skipped without them on a laptop and fail in CI."""
    if request.config.getoption("--unit"):
        pytest.skip("starts an engine")
    try:
        return Tools.find()
    except StackError as missing:
        if os.environ.get("CI") == "true":  # noqa: TID251 - whether this is CI is said nowhere else
            pytest.fail(str(missing))
        pytest.skip(str(missing))


@contextmanager
def state_of_our_own() -> Iterator[Path]:
    """An empty state folder that no other test session uses."""
    base = REPOSITORY / ".state" / "test"
    base.mkdir(parents=True, exist_ok=True)
    for number in range(1, 100):
        with (base / f"{number}.lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                continue
            state = base / str(number)
            System(state).stop()  # left over from a killed session
            shutil.rmtree(state, ignore_errors=True)
            yield state
            return
    pytest.fail(f"every folder under {base} is in use")


@contextmanager
def _fresh_engines() -> Iterator[System]:
    with state_of_our_own() as state:
        system = System(state)
        try:
            system.start_engines()
            yield system
        finally:
            system.stop()


@pytest.fixture(scope="session")
def engines(tools: Tools) -> Iterator[System]:
    """Kafka and MongoDB for the whole session, empty at its start."""
    with _fresh_engines() as system:
        yield system


@pytest.fixture(scope="module")
def own_engines(tools: Tools) -> Iterator[System]:
    """Kafka and MongoDB for one module, for tests that audit everything in them."""
    with _fresh_engines() as system:
        yield system
