"""An unreliable network between a phone and the gateway: an HTTP proxy that loses requests and answers, and goes away for seconds."""

import asyncio
import random
import re
import socket
import struct
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Protocol

from stack.ports import HOST

MOST_HEAD = 65_536
ANSWER_SECONDS = 60.0
_LENGTH = re.compile(rb"^content-length: *(\d+)", re.I | re.M)
_CONNECTION = re.compile(rb"\r\n(?:connection|keep-alive):[^\r]*", re.I)


class Fate(StrEnum):
    """What becomes of a request."""

    PASSED = "passed"
    DELAYED = "answered late"
    REFUSED = "reset before it was forwarded"
    CUT = "reset in the middle of its body"
    UNANSWERED = "forwarded, and its answer lost"
    HALF_ANSWERED = "forwarded, and its answer cut in half"
    AWAY = "sent while the network was away"
    BROKEN_OFF = "forwarded, and the network went away before its answer"


GOOD = (Fate.PASSED, Fate.DELAYED)
# Handled by the server, and the phone cannot know it: what makes doubles.
UNKNOWN_TO_THE_PHONE = (Fate.UNANSWERED, Fate.HALF_ANSWERED, Fate.BROKEN_OFF)
# The shares of the kinds of loss.
LOSSES = {Fate.REFUSED: 3, Fate.CUT: 2, Fate.UNANSWERED: 4, Fate.HALF_ANSWERED: 1}


@dataclass(frozen=True)
class Request:
    """One request: its head ends with the empty line."""

    head: bytes
    body: bytes = b""

    @property
    def method(self) -> str:
        """GET, POST, …"""
        return self.head.split(b" ", 1)[0].decode("latin-1")

    @property
    def path(self) -> str:
        """The path without the query."""
        return self.head.split(b" ", 2)[1].partition(b"?")[0].decode("latin-1")


class Tampering(Protocol):
    """What somebody between the phone and the gateway does to requests and answers."""

    def ask(self, request: Request) -> Request | bytes:
        """The request to forward, or the answer to give without forwarding it."""

    def answer(self, request: Request, answer: bytes) -> bytes:
        """The answer to pass on."""


class Untouched:
    """Forwards everything as it is."""

    def ask(self, request: Request) -> Request | bytes:
        """The request itself."""
        return request

    def answer(self, request: Request, answer: bytes) -> bytes:
        """The answer itself."""
        return answer


@dataclass(frozen=True)
class Weather:
    """How unreliable the network is: the share of lost requests, and its seconds up and away in turn (none: always up).

    Of the requests that a pattern of `unanswered_once` finds in "METHOD /path", the first that is forwarded loses its answer."""

    loss: float = 0.3
    late: float = 0.2
    late_seconds: tuple[float, float] = (0.05, 0.8)
    up_seconds: tuple[float, float] | None = None
    away_seconds: tuple[float, float] = (0.5, 3.0)
    unanswered_once: tuple[re.Pattern[str], ...] = ()


CALM = Weather(loss=0.0, late=0.0)


@dataclass(frozen=True)
class Seen:
    """One request and its fate."""

    method: str
    path: str
    fate: Fate


@dataclass(eq=False)
class Network:
    """Forwards requests from a port of this machine to another one, one request for each connection."""

    port: int
    target: int
    seed: int
    weather: Weather = CALM
    tampering: Tampering = field(default_factory=Untouched)
    log: list[Seen] = field(default_factory=list)
    _away: bool = False
    _held: bool = False

    def __post_init__(self) -> None:
        self._fates, self._times = random.Random(self.seed), random.Random(self.seed + 1)
        self._open: set[asyncio.StreamWriter] = set()
        self._unanswered: set[re.Pattern[str]] = set()

    @property
    def counts(self) -> Counter[Fate]:
        """How many requests had each fate."""
        return Counter(seen.fate for seen in self.log)

    @property
    def lost_share(self) -> float:
        """The share of lost requests among those that were sent while the network was up."""
        counts = self.counts
        up = counts.total() - counts[Fate.AWAY]
        return sum(counts[fate] for fate in LOSSES) / up if up else 0.0

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[None]:
        """Accepts connections until the end of the block."""
        server = await asyncio.start_server(self._serve, HOST, self.port, limit=MOST_HEAD)
        flapping = asyncio.create_task(self._flap())
        try:
            yield
        finally:
            flapping.cancel()
            server.close()
            self._reset_all()

    def go_away(self) -> None:
        """Resets every connection, and every new one until `come_back`."""
        self._held = True
        self._reset_all()

    def come_back(self) -> None:
        """Forwards requests again."""
        self._held = False

    async def _flap(self) -> None:
        while True:
            if self.weather.up_seconds is None:
                await asyncio.sleep(0.2)
                continue
            await asyncio.sleep(self._times.uniform(*self.weather.up_seconds))
            self._away = True
            self._reset_all()
            await asyncio.sleep(self._times.uniform(*self.weather.away_seconds))
            self._away = False

    def _reset_all(self) -> None:
        for writer in list(self._open):
            _reset(writer)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open.add(writer)
        try:
            if (request := await _read_request(reader)) is not None:
                await self._handle(request, writer)
        except (ConnectionError, TimeoutError):
            _reset(writer)
        finally:
            self._open.discard(writer)
            with suppress(ConnectionError):
                writer.close()

    async def _handle(self, request: Request, writer: asyncio.StreamWriter) -> None:
        fate = self._draw(request)
        if fate is Fate.CUT and not request.body:
            fate = Fate.REFUSED
        place = len(self.log)
        self.log.append(Seen(request.method, request.path, fate))
        if fate in (Fate.AWAY, Fate.REFUSED):
            _reset(writer)
            return
        if fate is Fate.CUT:
            await _cut(self.target, request)
            _reset(writer)
            return
        # The server goes on with a request whose sender went away, as a real one does.
        answer = await asyncio.shield(asyncio.ensure_future(self._answer(request)))
        if fate is Fate.DELAYED:
            await asyncio.sleep(self._times.uniform(*self.weather.late_seconds))
        if writer.transport.is_closing():
            self.log[place] = replace(self.log[place], fate=Fate.BROKEN_OFF)
        else:
            await _deliver(answer, fate, writer)

    def _draw(self, request: Request) -> Fate:
        if self._held or self._away:
            return Fate.AWAY
        asked = f"{request.method} {request.path}"
        for pattern in self.weather.unanswered_once:
            if pattern not in self._unanswered and pattern.search(asked):
                self._unanswered.add(pattern)
                return Fate.UNANSWERED
        drawn = self._fates.random()
        if drawn < self.weather.loss:
            return self._fates.choices([*LOSSES], [*LOSSES.values()])[0]
        return Fate.DELAYED if self._fates.random() < self.weather.late else Fate.PASSED

    async def _answer(self, request: Request) -> bytes:
        asked = self.tampering.ask(request)
        if isinstance(asked, bytes):
            return asked
        return self.tampering.answer(request, await _forward(self.target, asked))


async def _deliver(answer: bytes, fate: Fate, writer: asyncio.StreamWriter) -> None:
    if fate is not Fate.UNANSWERED:
        writer.write(answer[: len(answer) // 2] if fate is Fate.HALF_ANSWERED else answer)
        await writer.drain()
    if fate is Fate.HALF_ANSWERED:
        await asyncio.sleep(0.05)  # what a reset overtakes is not read
    if fate in UNKNOWN_TO_THE_PHONE:
        _reset(writer)


async def _read_request(reader: asyncio.StreamReader) -> Request | None:
    """The request of a connection; None for a connection that was opened in advance and not used."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
        length = _LENGTH.search(head)
        body = await reader.readexactly(int(length[1])) if length else b""
    except asyncio.IncompleteReadError:
        return None
    return Request(head, body)


def _closing(request: Request) -> Request:
    """The request with `Connection: close`, so that its answer ends with the connection."""
    head = _CONNECTION.sub(b"", request.head)
    return replace(request, head=head[:-2] + b"Connection: close\r\n\r\n")


async def _forward(target: int, request: Request) -> bytes:
    reader, writer = await asyncio.open_connection(HOST, target)
    try:
        asked = _closing(request)
        writer.write(asked.head + asked.body)
        await writer.drain()
        async with asyncio.timeout(ANSWER_SECONDS):
            return await reader.read()
    finally:
        writer.close()


async def _cut(target: int, request: Request) -> None:
    """Forwards the head and half of the body."""
    _, writer = await asyncio.open_connection(HOST, target)
    writer.write(request.head + request.body[: len(request.body) // 2])
    with suppress(ConnectionError):
        await writer.drain()
    _reset(writer)


def _reset(writer: asyncio.StreamWriter) -> None:
    """Ends a connection with a reset instead of an orderly end."""
    transport = writer.transport
    if transport.is_closing():
        return
    transport.get_extra_info("socket").setsockopt(
        socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
    )
    transport.abort()
