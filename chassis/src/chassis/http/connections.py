"""Connections of the HTTP server: timeouts for slow clients, and a maximum number per process."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http import HTTPStatus
from typing import Any

import h11
import uvicorn
from starlette.responses import Response
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

from chassis.http.middleware import SECURITY_HEADERS, Limits
from chassis.http.problems import problem

TICK_SECONDS, TICKS = 0.5, 5  # of ours, and how many of uvicorn's it is: each of these is 0.1 s
GRACE_SECONDS = 5.0  # to send the response to a client that was too slow


class Connection(H11Protocol):
    """A connection that is closed when its client is too slow; uvicorn itself closes only connections that idle after a response.

    The server checks it periodically: a request that arrives and is answered in time costs nothing more.
    """

    limits = Limits()

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Accept; above the limit, the connection that has waited longest for its client is closed."""
        super().connection_made(transport)
        self._since = self.loop.time()
        self._phase: tuple[object, bool] = (None, False)
        if len(self.connections) > self.limits.connections:
            self._make_room()

    def check(self, now: float) -> None:
        """Close when neither a request arrived nor a response left in time; `now` is the loop's time."""
        phase = (self.cycle, self._is_answering())
        if phase != self._phase:
            self._phase, self._since = phase, now
        elif now - self._since > self._longest():
            self._hang_up()

    def _is_answering(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _waits_for_its_client(self) -> bool:
        return not self._is_answering() or self.cycle.more_body

    def _longest(self) -> float:
        limits = self.limits
        is_answering = self._is_answering()
        return (
            limits.seconds_for(dict(self.cycle.scope)) + GRACE_SECONDS
            if is_answering
            else limits.head_seconds
        )

    def _hang_up(self) -> None:
        if self._is_answering() or self.transport.is_closing():
            self.transport.abort()  # a close would wait for a client that does not read
        elif self.conn.our_state is h11.IDLE and self.conn.trailing_data[0]:
            self._refuse(problem("too-slow", "The headers did not arrive in time.", 408, "headers"))
        else:
            self.transport.close()

    def _make_room(self) -> None:
        others = [one for one in self.connections if isinstance(one, Connection) and one is not self]
        waiting = [one for one in others if one._waits_for_its_client()]
        oldest = min(waiting, key=lambda one: one._since, default=self)
        self.connections.discard(oldest)  # at once: many may be accepted before it has closed
        oldest.transport.abort()

    def send_400_response(self, msg: str) -> None:
        """Answer a malformed HTTP/1.1 request; called by uvicorn."""
        self._refuse(problem("malformed-request", msg, 400, fix="Send HTTP/1.1, with one Host header."))

    def _refuse(self, answer: Response) -> None:
        if self.conn.our_state in (h11.IDLE, h11.SEND_RESPONSE):
            status = HTTPStatus(answer.status_code)
            headers = [*answer.raw_headers, *SECURITY_HEADERS.items(), (b"connection", b"close")]
            head = h11.Response(status_code=status, headers=headers, reason=status.phrase.encode())
            for event in (head, h11.Data(data=bytes(answer.body)), h11.EndOfMessage()):
                self.transport.write(self.conn.send(event) or b"")
        self.transport.close()


class Server(uvicorn.Server):
    """Uvicorn without its own signal handlers, because the process shuts down in its own order; checks its connections."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals to the process."""
        yield

    def __init__(self, config: uvicorn.Config) -> None:
        """Listens when it is served."""
        self._exit = asyncio.Event()
        super().__init__(config)

    @property
    def should_exit(self) -> bool:
        """Whether the server ends; it does so at once when this is set, and not with the next tick."""
        return self._exit.is_set()

    @should_exit.setter
    def should_exit(self, ends: bool) -> None:
        if ends:
            self._exit.set()
        else:
            self._exit.clear()

    async def main_loop(self) -> None:
        """Tick twice a second: uvicorn's ten ticks are a tenth of what an idle process does."""
        counter = 0
        while not await self.on_tick(counter):
            counter += TICKS
            with suppress(TimeoutError):
                async with asyncio.timeout(TICK_SECONDS):
                    await self._exit.wait()

    async def on_tick(self, counter: int) -> bool:
        """Check every connection."""
        now = asyncio.get_running_loop().time()
        for one in tuple(self.server_state.connections):
            if isinstance(one, Connection):
                one.check(now)
        return await super().on_tick(counter)


def server_of(app: ASGIApp, host: str, port: int, limits: Limits) -> Server:
    """The HTTP server of one process, with these limits for its connections."""
    protocol: type[Any] = type("LimitedConnection", (Connection,), {"limits": limits})
    config = uvicorn.Config(
        app,
        host,
        port,
        http=protocol,
        ws="none",
        log_config=None,
        access_log=False,
        server_header=False,
        h11_max_incomplete_event_size=limits.head,
        proxy_headers=False,
        timeout_keep_alive=limits.idle_seconds,
        timeout_graceful_shutdown=10,
        backlog=2048,
    )
    return Server(config)
