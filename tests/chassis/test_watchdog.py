"""A stuck process ends itself; one that works, or has been told to stop, does not."""

import subprocess
import sys
import textwrap

import pytest

from chassis.runtime.watchdog import STUCK_EXIT

pytestmark = pytest.mark.slow

PROGRAM = """
import asyncio, logging, sys, time
from chassis.observe.logs import JsonLines
from chassis.runtime.watchdog import Watchdog

handler = logging.StreamHandler(sys.stderr)
handler.setFormatter(JsonLines("one"))
logging.basicConfig(handlers=[handler])

async def main():
    task = asyncio.create_task(Watchdog(lambda: {{"ok": {ok}}}, 0.4).run())
    await asyncio.sleep(0.1)
    {then}

asyncio.run(main())
"""


def run(ok: str, then: str) -> "subprocess.CompletedProcess[str]":
    code = textwrap.dedent(PROGRAM.format(ok=ok, then=then))
    return subprocess.run(
        [sys.executable, "-c", code], check=False, timeout=30, capture_output=True, text=True
    )


@pytest.mark.parametrize(
    ("ok", "then", "code"),
    [
        ("True", "time.sleep(5)", STUCK_EXIT),
        ("False", "await asyncio.sleep(5)", STUCK_EXIT),
        ("True", "await asyncio.sleep(1.5)", 0),
        ("True", "task.cancel(); await asyncio.sleep(0.1); time.sleep(1.5)", 0),
    ],
    ids=["the loop stands still", "it calls itself stuck", "it works", "it was stopped"],
)
def test_the_watchdog_ends_a_stuck_process_and_no_other(ok: str, then: str, code: int) -> None:
    assert run(ok, then).returncode == code


def test_it_says_where_everything_stood() -> None:
    ended = run("False", "await asyncio.Event().wait()")

    assert "Event.wait:" in ended.stderr
    assert "watchdog.py" in ended.stderr
