"""The watchdog: a stuck process ends itself, so that its supervisor restarts it."""

import asyncio
import faulthandler
import inspect
import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from chassis.observe.logs import log

STUCK_EXIT = 70
GRACE_SECONDS = 5.0


class Watchdog:
    """Watches the event loop from its own thread, and the process's own health report."""

    def __init__(self, live: Callable[[], Mapping[str, Any]], seconds: float) -> None:
        self._live, self._seconds = live, seconds
        self._beat = time.monotonic()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="watchdog", daemon=True)

    async def run(self) -> None:
        """Beat while the event loop runs, and end the process when it reports itself stuck for too long."""
        self._thread.start()
        try:
            await self._beat_on()
        finally:
            self._over.set()

    async def _beat_on(self) -> None:
        well = time.monotonic()
        while True:
            self._beat = time.monotonic()
            state = self._live()
            if state["ok"]:
                well = self._beat
            elif self._beat - well > min(GRACE_SECONDS, self._seconds):
                self._end("stuck", {**state, "waits": sorted(_waits())})
            await asyncio.sleep(min(1.0, self._seconds / 4))

    def _watch(self) -> None:
        while not self._over.wait(min(1.0, self._seconds / 4)):
            if time.monotonic() - self._beat > self._seconds:
                self._end("event loop stands still", {})

    def _end(self, why: str, state: Mapping[str, Any]) -> None:
        log("watchdog ends the process", level=50, why=why, **{k: v for k, v in state.items() if k != "ok"})
        faulthandler.dump_traceback()
        os._exit(STUCK_EXIT)


def _waits() -> Iterator[str]:
    """Where each task waits, by its innermost function."""
    for task in asyncio.all_tasks():
        at: Any = task.get_coro()
        while inspect.iscoroutine(getattr(at, "cr_await", None)):
            at = at.cr_await
        if inspect.iscoroutine(at) and at.cr_frame is not None:
            yield f"{at.__qualname__}:{at.cr_frame.f_lineno}"
