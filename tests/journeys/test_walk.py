"""The walk notices what it is there to notice: planted faults of pages are found, and sound pages have none."""

import json
import os
import subprocess
import sys
from typing import Any

import pytest
from tests.journeys.browser import program
from tests.journeys.planted import PLANTED
from tests.journeys.walk import AXE

from stack.processes import StackError
from stack.tools import REPOSITORY

pytestmark = pytest.mark.slow


def absent(what: str) -> None:
    """Skips on a laptop, and fails where everything has to be there."""
    is_ci = os.environ.get("CI") == "true"
    (pytest.fail if is_ci else pytest.skip)(what)


@pytest.fixture(scope="module")
def found() -> dict[str, Any]:
    """What the walk said about each page."""
    try:
        program()
    except StackError as missing:
        absent(str(missing))
    if not AXE.exists():
        absent("axe is missing: run `make tools`")
    command = [sys.executable, "-m", "tests.journeys.planted"]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, timeout=110)
    assert done.returncode == 0, done.stderr
    said: dict[str, Any] = json.loads(done.stdout)
    return said


@pytest.mark.parametrize("rule", PLANTED)
def test_a_planted_fault_is_found(rule: str, found: dict[str, Any]) -> None:
    assert rule in found[rule]


def test_a_sound_page_has_no_finding_and_can_be_used_by_keyboard(found: dict[str, Any]) -> None:
    assert found["sound"] == []


def test_a_focus_that_nobody_sees_is_found(found: dict[str, Any]) -> None:
    assert set(found["unseen"]) == {"focus is not visible"}


def test_what_the_keyboard_does_not_reach_cannot_be_used(found: dict[str, Any]) -> None:
    assert "keyboard" in found["unreachable"]


def test_what_a_page_does_not_show_is_told_with_what_it_shows(found: dict[str, Any]) -> None:
    assert "Una pagina" in found["elsewhere"]
