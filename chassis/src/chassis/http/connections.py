"""Connections of the HTTP door: how long one may wait for its client, and how many a process has."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from typing import Any

import h11
import uvicorn
from starlette.responses import Response
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

from chassis.http.middleware import SECURITY_HEADERS, Limits
from chassis.http.problems import problem

LOOK_TICKS = 5  # of uvicorn's, which are 0.1 s
GRACE_SECONDS = 5.0  # within which the answer to whoever was too slow has to leave


class Connection(H11Protocol):
    """A connection that is closed when its client is too slow; uvicorn itself closes only those that are silent after an answer.

    The server looks at it now and then: a request that comes and is answered in time costs nothing more.
    """

    limits = Limits()

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin; above the limit the connection that has waited longest for its client makes room."""
        super().connection_made(transport)
        self._since = self.loop.time()
        self._phase: tuple[object, bool] = (None, False)
        if len(self.connections) > self.limits.connections:
            self._make_room()

    def look(self, now: float) -> None:
        """Hang up when neither a request has come nor an answer has left in time; `now` is the loop's."""
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
        return limits.seconds + GRACE_SECONDS if self._is_answering() else limits.head_seconds

    def _hang_up(self) -> None:
        if self._is_answering() or self.transport.is_closing():
            self.transport.abort()  # closing would wait for a client that does not read
        elif self.conn.our_state is h11.IDLE and self.conn.trailing_data[0]:
            self._refuse(problem("too-slow", "The headers did not arrive in time.", 408, "headers"))
        else:
            self.transport.close()

    def _make_room(self) -> None:
        others = [one for one in self.connections if isinstance(one, Connection) and one is not self]
        waiting = [one for one in others if one._waits_for_its_client()]
        oldest = min(waiting, key=lambda one: one._since, default=self)
        self.connections.discard(oldest)  # at once: many may come before this one has ended
        oldest.transport.abort()

    def send_400_response(self, msg: str) -> None:
        """Answer what is no HTTP/1.1 request; called by uvicorn."""
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
    """Uvicorn without its own signal handlers, for a process ends in an order of its own; looks after its connections."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals to the process."""
        yield

    async def on_tick(self, counter: int) -> bool:
        """Look at every connection twice a second."""
        if counter % LOOK_TICKS == 0:
            now = asyncio.get_running_loop().time()
            for one in tuple(self.server_state.connections):
                if isinstance(one, Connection):
                    one.look(now)
        return await super().on_tick(counter)


def server_of(app: ASGIApp, host: str, port: int, limits: Limits) -> Server:
    """The server of one process's HTTP door, which holds its connections to these limits."""
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
