"""The unreliable network for callers that do not run in its event loop."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from tests.field.network import ANSWER_SECONDS, Network


@dataclass
class NetworkThread:
    """A network in a thread of its own, for callers that wait in theirs."""

    network: Network
    _loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.new_event_loop)

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Accepts connections until the end of the block."""
        ready, done = threading.Event(), asyncio.Event()

        async def serve() -> None:
            async with self.network.listening():
                ready.set()
                await done.wait()

        thread = threading.Thread(target=lambda: self._loop.run_until_complete(serve()), daemon=True)
        thread.start()
        ready.wait(ANSWER_SECONDS)
        try:
            yield
        finally:
            self._loop.call_soon_threadsafe(done.set)
            thread.join(ANSWER_SECONDS)
            self._loop.close()

    def go_away(self) -> None:
        """Resets every connection, and every new one until `come_back`."""
        self._loop.call_soon_threadsafe(self.network.go_away)

    def come_back(self) -> None:
        """Forwards requests again."""
        self._loop.call_soon_threadsafe(self.network.come_back)
