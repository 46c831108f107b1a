"""A TCP proxy that misbehaves on command: one link for each pair of client and server."""

import asyncio
import random
import socket
import struct
from collections import deque
from dataclasses import dataclass, field
from typing import Any, Literal, cast

from stack.ports import HOST

Name = Literal["pass", "delay", "reset", "blackhole", "half-open", "drop-replies", "throttle"]
MOST_QUEUED = 1_048_576
SLICE = 16_384
Chunk = tuple[
    float, bytes | None
]  # earliest time to forward it, by the loop's clock; None is the end of the stream


@dataclass(frozen=True)
class Mode:
    """The mode of a link; `delay` and `jitter` in seconds, `rate` in bytes per second."""

    name: Name = "pass"
    delay: float = 0.0
    jitter: float = 0.0
    rate: int = 0

    def __str__(self) -> str:
        """The mode as results show it."""
        figures = {"delay": f" {self.delay:g}±{self.jitter:g} s", "throttle": f" {self.rate} B/s"}
        return self.name + figures.get(self.name, "")


PASS = Mode()


class Flow:
    """One direction of a connection: bytes are forwarded in order, late or never, as the link's mode says."""

    def __init__(self, connection: "Connection", is_reply: bool) -> None:
        """Queues bytes until the other side is connected."""
        self.connection, self.is_reply = connection, is_reply
        self.source: asyncio.Transport | None = None
        self.out: asyncio.Transport | None = None
        self._queue: deque[Chunk] = deque()
        self._size = 0
        self._pump: asyncio.Task[None] | None = None

    def feed(self, data: bytes | None) -> None:
        """Take bytes from the sender; None is the end of its stream."""
        mode = self.connection.link.mode
        if self._drops(mode):
            self.connection.lost(data)
        elif mode.name == "pass" and not self._queue and self.out is not None:
            self._write(data)
        else:
            self._enqueue(mode, data)

    def _drops(self, mode: Mode) -> bool:
        return mode.name == "half-open" or (mode.name == "drop-replies" and self.is_reply)

    def _enqueue(self, mode: Mode, data: bytes | None) -> None:
        now = asyncio.get_running_loop().time()
        due = now + max(0.0, mode.delay + random.uniform(-mode.jitter, mode.jitter)) if mode.delay else now
        self._queue.append((due, data))
        self._size += len(data or b"")
        if self._size > MOST_QUEUED and self.source is not None:
            self.source.pause_reading()
        if self._pump is None or self._pump.done():
            self._pump = asyncio.get_running_loop().create_task(self._drain())

    async def _drain(self) -> None:
        while self._queue:
            mode = self.connection.link.mode
            if mode.name == "blackhole" or self.out is None:
                await self.connection.link.next_change(self.connection)
                continue
            if self._drops(mode):
                self.connection.lost(self._pop())
                continue
            await asyncio.sleep(max(0.0, self._queue[0][0] - asyncio.get_running_loop().time()))
            await self._forward(mode)

    async def _forward(self, mode: Mode) -> None:
        data = self._pop()
        if mode.name != "throttle" or data is None:
            self._write(data)
            return
        step = max(1, min(SLICE, mode.rate // 10))
        for start in range(0, len(data), step):
            if self.connection.link.mode.name == "throttle":
                await asyncio.sleep(step / mode.rate)
            self._write(data[start : start + step])

    def _pop(self) -> bytes | None:
        _, data = self._queue.popleft()
        self._size -= len(data or b"")
        if self._size <= MOST_QUEUED and self.source is not None and not self.source.is_closing():
            self.source.resume_reading()
        return data

    def _write(self, data: bytes | None) -> None:
        if self.out is None or self.out.is_closing():
            return
        if data is None:
            self.out.close()
        else:
            self.connection.link.carried += len(data)
            self.out.write(data)

    def end(self) -> None:
        """Stop forwarding."""
        if self._pump is not None:
            self._pump.cancel()


class _Endpoint(asyncio.Protocol):
    """One side of a connection; its bytes go into its flow."""

    def __init__(self, connection: "Connection", flow: Flow, back: Flow) -> None:
        self.connection, self.flow, self.back = connection, flow, back

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Connect this side to both flows."""
        self.flow.source = self.back.out = cast(asyncio.Transport, transport)
        sock = transport.get_extra_info("socket")
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.connection.ready(self)

    def data_received(self, data: bytes) -> None:
        """Pass bytes to the flow."""
        self.flow.feed(data)

    def connection_lost(self, _: Exception | None) -> None:
        """Pass the end of the stream to the flow, subject to the mode."""
        self.connection.closed(self.flow)

    def pause_writing(self) -> None:
        """Stop reading from the other side."""
        if self.back.source is not None and not self.back.source.is_closing():
            self.back.source.pause_reading()

    def resume_writing(self) -> None:
        """Resume reading from the other side."""
        if self.back.source is not None and not self.back.source.is_closing():
            self.back.source.resume_reading()


class Connection:
    """One connection through a link."""

    def __init__(self, link: "Link") -> None:
        """Belongs to its link until both sides are closed."""
        self.link = link
        self.requests, self.replies = Flow(self, is_reply=False), Flow(self, is_reply=True)
        self.broken = False
        self._open = 0
        self._connecting: asyncio.Task[None] | None = None

    def client_end(self) -> _Endpoint:
        """The protocol for the client's side."""
        self.link.connections.add(self)
        return _Endpoint(self, self.requests, self.replies)

    def ready(self, end: _Endpoint) -> None:
        """A side is connected; the client's side makes the proxy connect to the server."""
        self._open += 1
        if end.flow is not self.requests:
            self.link.wake()
        elif self.link.mode.name == "reset":
            self.reset()
        else:
            self._connecting = asyncio.get_running_loop().create_task(self._connect())

    async def _connect(self) -> None:
        while self.link.mode.name in ("blackhole", "half-open"):
            await self.link.next_change(self)
        loop = asyncio.get_running_loop()
        try:
            await loop.create_connection(
                lambda: _Endpoint(self, self.replies, self.requests), HOST, self.link.target
            )
        except OSError:
            self.reset()

    def lost(self, data: bytes | None) -> None:
        """Bytes were dropped, so the stream is incomplete: it is reset when the link recovers."""
        self.broken = True
        self.link.lost += len(data or b"")

    def closed(self, flow: Flow) -> None:
        """A side is closed; the other side learns it as the mode allows."""
        self._open -= 1
        flow.feed(None)
        if self._open <= 0:
            self.link.connections.discard(self)
            self.requests.end()
            self.replies.end()

    def cut_server(self) -> None:
        """Close the server's side without telling the client."""
        self.broken = True
        _abort(self.requests.out)

    def reset(self) -> None:
        """Reset both sides at once."""
        self.requests.end()
        self.replies.end()
        if self._connecting is not None and self._connecting is not asyncio.current_task():
            self._connecting.cancel()
        _abort(self.replies.out)
        _abort(self.requests.out)
        self.link.connections.discard(self)


def _abort(transport: asyncio.Transport | None) -> None:
    if transport is None or transport.is_closing():
        return
    sock = transport.get_extra_info("socket")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()


@dataclass(eq=False)
class Link:
    """A link from a listening port to a target port, on one event loop."""

    name: str
    port: int
    target: int
    mode: Mode = PASS
    carried: int = 0
    lost: int = 0
    connections: set[Connection] = field(default_factory=set)
    _server: Any = None
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    async def open(self) -> None:
        """Start listening."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            lambda: Connection(self).client_end(), HOST, self.port, backlog=512, reuse_address=True
        )

    def switch(self, mode: Mode) -> None:
        """Switch the mode; connections that lost bytes are reset as soon as bytes would be forwarded again."""
        self.mode = mode
        for connection in list(self.connections):
            if mode.name == "reset" or (connection.broken and mode.name not in ("half-open", "drop-replies")):
                connection.reset()
            elif mode.name == "half-open":
                connection.cut_server()
        self.wake()

    def wake(self) -> None:
        """Wake everything that waits for a change."""
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()

    async def next_change(self, _: Connection) -> None:
        """Return after a change of the mode or a new connection."""
        await self._changed.wait()

    async def close(self) -> None:
        """Reset open connections and stop listening."""
        for connection in list(self.connections):
            connection.reset()
        if self._server is not None:
            self._server.close()
