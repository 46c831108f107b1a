"""A stuck process ends itself; one that works, or has been told to stop, does not."""

import subprocess
import sys
import textwrap

import pytest

from chassis.watchdog import STUCK_EXIT

PROGRAM = """
import asyncio, time
from chassis.watchdog import Watchdog

async def main():
    task = asyncio.create_task(Watchdog(lambda: {{"ok": {ok}}}, 0.4).run())
    await asyncio.sleep(0.1)
    {then}

asyncio.run(main())
"""


def run(ok: str, then: str) -> int:
    code = textwrap.dedent(PROGRAM.format(ok=ok, then=then))
    return subprocess.run([sys.executable, "-c", code], check=False, timeout=30).returncode


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
    assert run(ok, then) == code
