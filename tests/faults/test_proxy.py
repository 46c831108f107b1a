"""The fault proxy implements each of its modes."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from bench.faults.proxy import PASS, Link, Mode

from stack.ports import HOST, free_port

PATIENCE = 5.0
MOMENT = 0.2


class Echo:
    """A server that echoes every line and keeps it."""

    def __init__(self) -> None:
        self.lines_received: list[bytes] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while line := await reader.readline():
                self.lines_received.append(line)
                writer.write(line)
        except ConnectionError:
            return
        finally:
            writer.close()


@asynccontextmanager
async def linked() -> AsyncIterator[tuple[Echo, Link]]:
    echo, target, port = Echo(), free_port(), free_port()
    server = await asyncio.start_server(echo.serve, HOST, target, limit=2**20)
    link = Link("test", port, target)
    await link.open()
    try:
        yield echo, link
    finally:
        await link.close()
        server.close()


WRITERS: list[asyncio.StreamWriter] = []


@pytest.fixture(autouse=True)
async def _closed() -> AsyncIterator[None]:
    yield
    for writer in WRITERS:
        writer.transport.abort()
    WRITERS.clear()
    await asyncio.sleep(0)


async def ask(link: Link, line: bytes = b"hello\n") -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    reader, writer = await asyncio.open_connection(HOST, link.port, limit=2**20)
    WRITERS.append(writer)
    writer.write(line)
    return reader, writer


async def answer(reader: asyncio.StreamReader) -> bytes:
    return await asyncio.wait_for(reader.readline(), PATIENCE)


async def test_a_link_that_passes_carries_every_byte_both_ways() -> None:
    async with linked() as (_, link):
        big = b"x" * 500_000 + b"\n"
        reader, _ = await ask(link, big)
        assert await answer(reader) == big
        assert link.carried == 2 * len(big)


async def test_the_end_of_a_stream_reaches_the_other_side() -> None:
    async with linked() as (_, link):
        reader, writer = await ask(link)
        await answer(reader)
        writer.close()
        deadline = time.monotonic() + PATIENCE
        while link.connections and time.monotonic() < deadline:
            await asyncio.sleep(0.01)
        assert not link.connections


async def test_a_delay_holds_bytes_back_and_keeps_their_order() -> None:
    async with linked() as (echo, link):
        link.switch(Mode("delay", delay=0.15, jitter=0.1))
        began = time.monotonic()
        reader, writer = await ask(link, b"1\n")
        for number in (b"2\n", b"3\n"):
            await asyncio.sleep(0.02)
            writer.write(number)
        assert [await answer(reader) for _ in range(3)] == [b"1\n", b"2\n", b"3\n"]
        assert time.monotonic() - began >= 0.1
        assert echo.lines_received == [b"1\n", b"2\n", b"3\n"]


async def test_a_reset_ends_open_connections_and_new_ones_with_an_error() -> None:
    async with linked() as (_, link):
        reader, _ = await ask(link)
        await answer(reader)
        link.switch(Mode("reset"))
        with pytest.raises(ConnectionResetError):
            await answer(reader)
        with pytest.raises(ConnectionError):
            await answer((await ask(link))[0])
        link.switch(PASS)
        assert await answer((await ask(link))[0]) == b"hello\n"


async def test_a_blackhole_holds_everything_and_forwards_it_when_it_recovers() -> None:
    async with linked() as (echo, link):
        reader, writer = await ask(link)
        await answer(reader)
        link.switch(Mode("blackhole"))
        writer.write(b"held\n")
        late, _ = await ask(link, b"also held\n")
        await asyncio.sleep(MOMENT)
        assert echo.lines_received == [b"hello\n"]
        link.switch(PASS)
        assert await answer(reader) == b"held\n"
        assert await answer(late) == b"also held\n"


async def test_a_half_open_connection_drops_what_is_sent_and_is_reset_when_it_recovers() -> None:
    async with linked() as (echo, link):
        reader, writer = await ask(link)
        await answer(reader)
        link.switch(Mode("half-open"))
        writer.write(b"nobody receives this\n")
        await writer.drain()
        await asyncio.sleep(MOMENT)
        assert not reader.at_eof()
        assert echo.lines_received == [b"hello\n"]
        link.switch(PASS)
        with pytest.raises(ConnectionResetError):
            await answer(reader)


async def test_dropped_replies_are_requests_that_were_done_and_never_answered() -> None:
    async with linked() as (echo, link):
        reader, writer = await ask(link)
        await answer(reader)
        link.switch(Mode("drop-replies"))
        writer.write(b"done\n")
        await asyncio.sleep(MOMENT)
        assert echo.lines_received == [b"hello\n", b"done\n"]
        assert link.lost == len(b"done\n")
        link.switch(PASS)
        with pytest.raises(ConnectionResetError):
            await answer(reader)


async def test_a_connection_that_lost_nothing_outlives_dropped_replies() -> None:
    async with linked() as (_, link):
        reader, writer = await ask(link)
        await answer(reader)
        link.switch(Mode("drop-replies"))
        link.switch(PASS)
        writer.write(b"again\n")
        assert await answer(reader) == b"again\n"


async def test_a_throttle_carries_all_and_not_faster_than_its_rate() -> None:
    async with linked() as (_, link):
        link.switch(Mode("throttle", rate=100_000))
        began = time.monotonic()
        line = b"y" * 20_000 + b"\n"
        assert await answer((await ask(link, line))[0]) == line
        assert time.monotonic() - began >= 0.2


async def test_a_target_that_is_down_is_a_reset() -> None:
    link = Link("test", free_port(), free_port())
    await link.open()
    with pytest.raises(ConnectionError):
        await answer((await ask(link))[0])
    await link.close()
