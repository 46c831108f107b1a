"""Connections on real sockets: whoever is slow is hung up on, and everybody else is served meanwhile."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing, suppress
from dataclasses import replace

import httpx
import pytest
from fastapi import APIRouter, Depends, FastAPI, Request
from fastapi.responses import PlainTextResponse
from tests.http.test_middleware import app_with

from chassis.http.app import build_app
from chassis.http.connections import Server, server_of
from chassis.http.context import OpenGuard
from chassis.http.middleware import Limits
from chassis.observe.metrics import Metrics

pytestmark = pytest.mark.slow

LIMITS = Limits(body=1000, head=2000, fields=20, seconds=1.0, head_seconds=1.0, idle_seconds=1)
PATIENT = replace(LIMITS, seconds=30.0, head_seconds=30.0, idle_seconds=30)
HEAD = b"GET /who HTTP/1.1\r\nHost: localhost\r\n"
POST = b"POST /notes HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"


@asynccontextmanager
async def serving(app: FastAPI, limits: Limits = LIMITS) -> AsyncIterator[Server]:
    """A server on a port of this machine."""
    server = server_of(app, "127.0.0.1", 0, limits)
    task = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    try:
        yield server
    finally:
        server.should_exit = True
        await task


@pytest.fixture
async def port() -> AsyncIterator[int]:
    async with serving(app_with(limits=LIMITS)) as server:
        yield port_of(server)


def port_of(server: Server) -> int:
    """Where it listens."""
    return int(server.servers[0].sockets[0].getsockname()[1])


async def spoken(port: int, first: bytes, again: bytes = b"", every: float = 0.1) -> bytes:
    """What the server says to somebody who begins and goes on like this, until it hangs up.

    Raises TimeoutError for a server that does not hang up, after many times the limits above.
    """
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    heard = asyncio.create_task(_heard(reader))
    writer.write(first)
    try:
        async with asyncio.timeout(40):
            while not heard.done():
                with suppress(ConnectionError):
                    writer.write(again)
                    await writer.drain()
                await asyncio.wait({heard}, timeout=every)
        return await heard
    finally:
        heard.cancel()
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()


async def _heard(reader: asyncio.StreamReader) -> bytes:
    """Everything until the server hangs up, in whichever way."""
    said = b""
    with suppress(ConnectionError):
        while more := await reader.read(65_536):
            said += more
    return said


@pytest.mark.parametrize(
    ("first", "again", "answer"),
    [
        (b"", b"", b""),
        (b"G", b"", b"HTTP/1.1 408 "),
        (HEAD, b"X", b"HTTP/1.1 408 "),
        (b"", b"\r\n", b"HTTP/1.1 400 "),
        (POST + b"Content-Length: 900\r\n\r\n", b"x", b"HTTP/1.1 408 "),
        (POST + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n", b"HTTP/1.1 408 "),
        (POST + b"Content-Length: 900\r\n\r\n", b"", b"HTTP/1.1 408 "),
    ],
    ids=["silence", "a letter", "headers", "blank lines", "a body", "chunks", "no body"],
)
async def test_a_connection_that_brings_no_whole_request_in_time_is_closed(
    first: bytes, again: bytes, answer: bytes, port: int
) -> None:
    said = await spoken(port, first, again)

    assert said.startswith(answer)
    assert bool(said) == bool(answer)
    if answer:
        assert (b"urn:ascolto:problem:too-slow" in said) == (b"408" in answer)
        assert b"connection: close" in said.lower()


@pytest.mark.parametrize("again", [b"", b"G", b"\r\n"], ids=["silence", "a second request", "blank lines"])
async def test_a_connection_that_was_answered_and_brings_no_further_request_is_closed(
    again: bytes, port: int
) -> None:
    said = await spoken(port, HEAD + b"\r\n", again)

    assert said.startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize("path", [b"/nowhere", b"/mine", b"/page"])
async def test_a_body_that_goes_on_after_the_answer_is_not_read_for_ever(path: bytes, port: int) -> None:
    head = POST.replace(b"/notes", path) + b"Content-Length: 900\r\n\r\n"

    said = await spoken(port, head, b"x")

    assert said.startswith(b"HTTP/1.1 40")


async def test_a_client_that_does_not_read_its_answer_is_hung_up_on() -> None:
    router = APIRouter(dependencies=[Depends(OpenGuard())])
    router.get("/large")(lambda: PlainTextResponse("x" * 30_000_000))
    app = build_app("guarded", Metrics("guarded"), [router], dict, dict, LIMITS)
    async with serving(app) as server:
        with closing(socket.socket()) as deaf:
            deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            deaf.connect(("127.0.0.1", port_of(server)))
            deaf.send(b"GET /large HTTP/1.1\r\nHost: localhost\r\n\r\n")
            async with asyncio.timeout(40):
                while not server.server_state.connections:
                    await asyncio.sleep(0.01)
                while server.server_state.connections:
                    await asyncio.sleep(0.05)


async def test_somebody_in_earnest_is_served_while_fifty_are_slow() -> None:
    async with serving(app_with(limits=PATIENT), PATIENT) as server:
        port = port_of(server)
        slow = [asyncio.create_task(spoken(port, HEAD, b"X")) for _ in range(25)]
        slow += [
            asyncio.create_task(spoken(port, POST + b"Content-Length: 900\r\n\r\n", b"x")) for _ in range(25)
        ]
        await connected(server, 50)
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
            assert [(await client.get("/who")).status_code for _ in range(10)] == [200] * 10
        assert not any(task.done() for task in slow)
        await ended(slow)


async def connected(server: Server, count: int) -> None:
    """Waits until that many connections are open."""
    async with asyncio.timeout(30):
        while len(server.server_state.connections) < count:
            await asyncio.sleep(0.01)


async def ended(tasks: list[asyncio.Task[bytes]]) -> None:
    """Cancels them and waits for their end."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def test_above_the_limit_whoever_waited_longest_makes_room() -> None:
    patient = replace(PATIENT, connections=10)
    async with serving(app_with(limits=patient), patient) as server:
        port = port_of(server)
        slow = [asyncio.create_task(spoken(port, POST + b"Content-Length: 9\r\n\r\n")) for _ in range(12)]
        slow += [asyncio.create_task(spoken(port, HEAD)) for _ in range(12)]
        await connected(server, 10)
        assert len(server.server_state.connections) == 10
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
            assert [(await client.get("/who")).status_code for _ in range(5)] == [200] * 5
        await ended(slow)


async def test_a_request_that_is_being_answered_does_not_make_room() -> None:
    full = replace(LIMITS, connections=2, seconds=2.0)
    async with serving(app_with(limits=full), full) as server:
        base = f"http://127.0.0.1:{port_of(server)}"
        async with httpx.AsyncClient(base_url=base) as busy, httpx.AsyncClient(base_url=base) as late:
            asked = [asyncio.create_task(busy.get("/slow")) for _ in range(2)]
            async with asyncio.timeout(30):
                while len(server.server_state.tasks) < 2:
                    await asyncio.sleep(0.01)
            with pytest.raises(httpx.TransportError):
                await late.get("/who")
            assert [(await task).status_code for task in asked] == [503, 503]


async def test_a_body_without_an_end_and_a_head_without_one_are_cut_off(port: int) -> None:
    chunked = POST + b"Transfer-Encoding: chunked\r\n\r\n"

    large = await spoken(port, chunked, b"400\r\n" + b"x" * 1024 + b"\r\n", 0.005)
    head = await spoken(port, HEAD, b"X-More: " + b"x" * 1000 + b"\r\n", 0.005)

    # A connection that is reset while the client still writes may lose the answer.
    assert large == b"" or large.startswith(b"HTTP/1.1 413")
    assert head == b"" or head.startswith(b"HTTP/1.1 400")


@pytest.mark.parametrize(
    "sent",
    [
        b"GET /who HTTP/1.1\r\n\r\n",
        b"GET /who HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n\r\n",
        b"GET /who HTTP/1.0\r\n\r\n",
        b"GET /who HTTP/1.1\r\nHost: a b\r\n\r\n",
        b"GET /who HTTP/1.1\r\nHost: localhost/who?\r\n\r\n",
        b"GET /who HTTP/1.1\r\nHost: evil@localhost\r\n\r\n",
        b"GET http://localhost/who HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET who HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"OPTIONS * HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"CONNECT localhost:80 HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"\x16\x03\x01\x00\xa5\x01\r\n\r\n",
        b"POST /notes HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nnonsense\r\n",
    ],
)
async def test_what_is_no_request_for_a_path_of_one_host_is_a_problem(sent: bytes, port: int) -> None:
    said = await spoken(port, sent)
    head, _, body = said.partition(b"\r\n\r\n")

    assert head.startswith(b"HTTP/1.1 400 ")
    assert b"application/problem+json" in head
    assert b"default-src 'none'" in head
    assert b"urn:ascolto:problem:" in body


async def test_a_client_that_leaves_in_the_middle_of_a_body_is_no_mistake_of_ours() -> None:
    metrics = Metrics("guarded")
    router = APIRouter(dependencies=[Depends(OpenGuard())])

    @router.post("/read")
    async def read(request: Request) -> int:
        return len(await request.body())

    app = build_app("guarded", metrics, [router], dict, dict, LIMITS)
    async with serving(app) as server:
        _, writer = await asyncio.open_connection("127.0.0.1", port_of(server))
        writer.write(POST.replace(b"/notes", b"/read") + b"Content-Length: 900\r\n\r\n{")
        await writer.drain()
        await asyncio.sleep(0.2)
        writer.close()
        labels = {"route": "/read", "method": "POST", "status": "400"}
        async with asyncio.timeout(30):
            while not metrics.registry.get_sample_value("http_request_duration_seconds_count", labels):
                await asyncio.sleep(0.02)
