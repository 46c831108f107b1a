"""A loop that survives failures: it runs when woken or when due, and backs off while a dependency is down."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Collection
from contextlib import suppress
from typing import Any

from chassis.errors import Unavailable
from chassis.observe.logs import log

Step = Callable[[], Awaitable[bool]]


class Loop:
    """Repeats a step; the step returns whether there is more to do at once."""

    def __init__(self, name: str, step: Step, every: float | Callable[[], float]) -> None:
        self.name = name
        self.beat = time.monotonic()
        self._step = step
        self._every = every if callable(every) else lambda: every
        self._wake = asyncio.Event()
        self._failures = 0

    def rested(self) -> float:
        """Seconds since the step began to run."""
        return time.monotonic() - self.beat

    def wake(self) -> None:
        """Run the step soon."""
        self._wake.set()

    async def run(self) -> None:
        """Run until cancelled."""
        while True:
            self._wake.clear()
            self.beat = time.monotonic()
            if await self._once():
                await asyncio.sleep(0)
                continue
            pause = (
                self._every()
                if not self._failures
                else min(5.0, 0.1 * 2**self._failures) * random.uniform(0.5, 1)
            )
            with suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self._wake.wait()

    async def _once(self) -> bool:
        try:
            more = await self._step()
        except Unavailable as away:
            self._failures += 1
            log("loop paused", level=30, loop=self.name, reason=str(away))
            return False
        except Exception as error:  # noqa: BLE001 - one failed step must not end the loop
            self._failures += 1
            log("loop failed", level=40, error=error, loop=self.name)
            return False
        self._failures = 0
        return more


async def until_available(step: Callable[[], Awaitable[None]]) -> None:
    """Repeat a step, with growing pauses, until everything that it needs is available."""
    wait = 0.1
    while True:
        try:
            await step()
        except Unavailable as away:
            log("waiting", level=30, reason=str(away))
            await asyncio.sleep(wait)
            wait = min(3.0, wait * 2)
        else:
            return


async def end(tasks: Collection["asyncio.Task[Any]"]) -> None:
    """Cancel tasks repeatedly until they end: before Python 3.12 `asyncio.wait_for` loses a cancellation that races with its result."""
    left = set(tasks)
    while left:
        for task in left:
            task.cancel()
        _, left = await asyncio.wait(left, timeout=1.0)
    await asyncio.gather(*tasks, return_exceptions=True)
