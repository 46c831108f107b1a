"""The links of a whole system, on an event loop in their own thread; any thread can switch them."""

import asyncio
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from contextlib import contextmanager
from typing import Any

import uvloop

from bench.faults.proxy import PASS, Link, Mode


class Links:
    """Proxies by name; they run until they are closed."""

    def __init__(self) -> None:
        """Starts the loop without links."""
        self._links: dict[str, Link] = {}
        self._loop = uvloop.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="links", daemon=True)
        self._thread.start()

    def add(self, name: str, port: int, target: int) -> None:
        """Open a link from a listening port to a target port."""
        self._links[name] = self._run(self._open(name, port, target))

    async def _open(self, name: str, port: int, target: int) -> Link:
        link = Link(name, port, target)
        await link.open()
        return link

    @property
    def names(self) -> list[str]:
        """The names of all links."""
        return sorted(self._links)

    def switch(self, name: str, mode: Mode) -> None:
        """Switch a link to another mode."""
        self._call(lambda: self._links[name].switch(mode))

    @contextmanager
    def behaving(self, name: str, mode: Mode) -> Iterator[None]:
        """Switch a link for a while, then back to passing everything."""
        self.switch(name, mode)
        try:
            yield
        finally:
            self.switch(name, PASS)

    def retarget(self, name: str, target: int) -> None:
        """Direct new connections of a link to another target."""
        self._links[name].target = target

    def figures(self) -> Mapping[str, dict[str, int]]:
        """Bytes that each link carried and lost."""
        return {name: {"carried": link.carried, "lost": link.lost} for name, link in self._links.items()}

    def close(self) -> None:
        """Close every link and end the thread."""
        for link in self._links.values():
            self._run(link.close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)

    def _run(self, work: Any) -> Any:
        done: Future[Any] = asyncio.run_coroutine_threadsafe(work, self._loop)
        return done.result(10)

    def _call(self, act: Callable[[], None]) -> None:
        async def acting() -> None:
            act()

        self._run(acting())
