"""A TCP proxy that misbehaves on command: one link for each pair of who asks and who answers."""

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
Chunk = tuple[float, bytes | None]  # when it may go on by the loop's clock; None is the end of the stream


@dataclass(frozen=True)
class Mode:
    """How a link behaves; `delay` and `jitter` in seconds, `rate` in bytes a second."""

    name: Name = "pass"
    delay: float = 0.0
    jitter: float = 0.0
    rate: int = 0

    def __str__(self) -> str:
        """What a result says of it."""
        figures = {"delay": f" {self.delay:g}±{self.jitter:g} s", "throttle": f" {self.rate} B/s"}
        return self.name + figures.get(self.name, "")


PASS = Mode()


class Flow:
    """One direction of one connection: bytes go on in order, or late, or never, as the link's mode says."""

    def __init__(self, wire: "Wire", is_reply: bool) -> None:
        """Begins without a way out; what comes before there is one waits."""
        self.wire, self.is_reply = wire, is_reply
        self.source: asyncio.Transport | None = None
        self.out: asyncio.Transport | None = None
        self._queue: deque[Chunk] = deque()
        self._size = 0
        self._pump: asyncio.Task[None] | None = None

    def feed(self, data: bytes | None) -> None:
        """Takes what one end sent; None when it has ended its stream."""
        mode = self.wire.link.mode
        if self._swallows(mode):
            self.wire.lost(data)
        elif mode.name == "pass" and not self._queue and self.out is not None:
            self._write(data)
        else:
            self._enqueue(mode, data)

    def _swallows(self, mode: Mode) -> bool:
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
            mode = self.wire.link.mode
            if mode.name == "blackhole" or self.out is None:
                await self.wire.link.next_change(self.wire)
                continue
            if self._swallows(mode):
                self.wire.lost(self._pop())
                continue
            await asyncio.sleep(max(0.0, self._queue[0][0] - asyncio.get_running_loop().time()))
            await self._go_on(mode)

    async def _go_on(self, mode: Mode) -> None:
        data = self._pop()
        if mode.name != "throttle" or data is None:
            self._write(data)
            return
        step = max(1, min(SLICE, mode.rate // 10))
        for start in range(0, len(data), step):
            if self.wire.link.mode.name == "throttle":
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
            self.wire.link.carried += len(data)
            self.out.write(data)

    def end(self) -> None:
        """Stops carrying."""
        if self._pump is not None:
            self._pump.cancel()


class _End(asyncio.Protocol):
    """One end of a connection: what comes in goes into its flow."""

    def __init__(self, wire: "Wire", flow: Flow, back: Flow) -> None:
        self.wire, self.flow, self.back = wire, flow, back

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """This end can be read, and written by the other direction."""
        self.flow.source = self.back.out = cast(asyncio.Transport, transport)
        sock = transport.get_extra_info("socket")
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.wire.ready(self)

    def data_received(self, data: bytes) -> None:
        """Bytes for the other end."""
        self.flow.feed(data)

    def connection_lost(self, _: Exception | None) -> None:
        """The other end learns it when the mode lets it."""
        self.wire.gone(self.flow)

    def pause_writing(self) -> None:
        """The other end is too fast."""
        if self.back.source is not None and not self.back.source.is_closing():
            self.back.source.pause_reading()

    def resume_writing(self) -> None:
        """The other end may go on."""
        if self.back.source is not None and not self.back.source.is_closing():
            self.back.source.resume_reading()


class Wire:
    """One connection through a link."""

    def __init__(self, link: "Link") -> None:
        """Belongs to its link until both ends are gone."""
        self.link = link
        self.requests, self.replies = Flow(self, is_reply=False), Flow(self, is_reply=True)
        self.spoiled = False
        self._open = 0
        self._connecting: asyncio.Task[None] | None = None

    def client_end(self) -> _End:
        """The protocol of whoever connected."""
        self.link.wires.add(self)
        return _End(self, self.requests, self.replies)

    def ready(self, end: _End) -> None:
        """An end is connected: the client's calls for the server's."""
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
                lambda: _End(self, self.replies, self.requests), HOST, self.link.target
            )
        except OSError:
            self.reset()

    def lost(self, data: bytes | None) -> None:
        """Bytes went nowhere: this stream can never be whole again, so it is reset when the link heals."""
        self.spoiled = True
        self.link.lost += len(data or b"")

    def gone(self, flow: Flow) -> None:
        """One end is gone; the other one is told in its turn."""
        self._open -= 1
        flow.feed(None)
        if self._open <= 0:
            self.link.wires.discard(self)
            self.requests.end()
            self.replies.end()

    def cut_server(self) -> None:
        """The server's end disappears and the client is not told."""
        self.spoiled = True
        _abort(self.requests.out)

    def reset(self) -> None:
        """Both ends get a reset at once."""
        self.requests.end()
        self.replies.end()
        if self._connecting is not None and self._connecting is not asyncio.current_task():
            self._connecting.cancel()
        _abort(self.replies.out)
        _abort(self.requests.out)
        self.link.wires.discard(self)


def _abort(transport: asyncio.Transport | None) -> None:
    if transport is None or transport.is_closing():
        return
    sock = transport.get_extra_info("socket")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()


@dataclass(eq=False)
class Link:
    """A way from one listening port to one target port; all of it belongs to one event loop."""

    name: str
    port: int
    target: int
    mode: Mode = PASS
    carried: int = 0
    lost: int = 0
    wires: set[Wire] = field(default_factory=set)
    _server: Any = None
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    async def open(self) -> None:
        """Listens."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            lambda: Wire(self).client_end(), HOST, self.port, backlog=512, reuse_address=True
        )

    def switch(self, mode: Mode) -> None:
        """Behaves so from now on; connections that lost bytes are reset as soon as bytes would flow again."""
        self.mode = mode
        for wire in list(self.wires):
            if mode.name == "reset" or (wire.spoiled and mode.name not in ("half-open", "drop-replies")):
                wire.reset()
            elif mode.name == "half-open":
                wire.cut_server()
        self.wake()

    def wake(self) -> None:
        """Whoever waits for a change looks again."""
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()

    async def next_change(self, _: Wire) -> None:
        """Returns after the mode changed or an end was connected."""
        await self._changed.wait()

    async def close(self) -> None:
        """Resets what is open and listens no more."""
        for wire in list(self.wires):
            wire.reset()
        if self._server is not None:
            self._server.close()
