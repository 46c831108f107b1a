"""Fixtures of the tests of the contracts."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from stack.subscriber_programs import node_folder, node_missing
from stack.tools import REPOSITORY

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A copy of the contracts, in which a test can plant faults."""
    skipped = shutil.ignore_patterns("__pycache__", "node_modules")
    return shutil.copytree(REPOSITORY / "contracts", tmp_path / "contracts", ignore=skipped)


@pytest.fixture
def run(home: Path) -> Run:
    """Runs the command line of the copy without the rest of the project."""

    def command(*words: str, given: str = "") -> subprocess.CompletedProcess[str]:
        env = {"PYTHONPATH": str(home / "src"), "PATH": os.environ["PATH"]}  # noqa: TID251 - the child's own
        line = [sys.executable, "-m", "contracts", *words]
        return subprocess.run(line, cwd=home.parent, env=env, input=given, capture_output=True, text=True)

    return command


def needs_node() -> None:
    """Skip the test without Node.js, and fail it in CI."""
    missing = node_missing()
    if missing and os.environ.get("CI") == "true":  # noqa: TID251 - CI is detected here only
        pytest.fail(missing)
    if missing:
        pytest.skip(missing)


@pytest.fixture(scope="session")
def node_tools() -> Path:
    """The folder with the official validators."""
    needs_node()
    return node_folder(REPOSITORY / "contracts" / "tools")
