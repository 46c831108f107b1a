"""The watcher's HTTP server: it serves the metrics, and closes connections of slow clients."""

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest
from prometheus_client import CollectorRegistry, Gauge
from tests.http.test_connections import ended, spoken

from watcher import page

pytestmark = pytest.mark.slow

GET = b"GET /metrics HTTP/1.1\r\nHost: x\r\n"


@pytest.fixture
async def port() -> AsyncIterator[int]:
    """The port of a server with one metric and a limit of one second per connection."""
    registry = CollectorRegistry()
    Gauge("invented", "An invented metric.", registry=registry).set(42)
    server = await page.serve("127.0.0.1", 0, registry, seconds=1.0)
    yield server.sockets[0].getsockname()[1]
    server.close()


async def test_metrics_are_served_and_nothing_else(port: int) -> None:
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
        shown = await client.get("/metrics?name=x")
        answers = [
            await client.get("/"),
            await client.post("/metrics"),
            await client.request("MADEUP", "/metrics"),
        ]

    assert (shown.status_code, "invented 42.0" in shown.text) == (200, True)
    assert shown.headers["content-type"].startswith("text/plain; version=")
    assert [answer.status_code for answer in answers] == [404, 405, 405]
    assert answers[1].headers["allow"] == "GET"


async def test_a_health_check_without_headers_is_answered(port: int) -> None:
    said = await spoken(port, b"GET /metrics HTTP/1.0\r\n\r\n")

    assert said.startswith(b"HTTP/1.1 200 OK\r\n")


@pytest.mark.parametrize(
    ("first", "again"), [(b"", b""), (GET, b"X: 1\r\n"), (b"", b"x" * 999), (b"", b"\n")]
)
async def test_a_connection_without_a_request_in_time_is_closed(
    first: bytes, again: bytes, port: int
) -> None:
    assert await spoken(port, first, again) == b""


async def test_a_proper_client_is_served_while_many_are_slow() -> None:
    server = await page.serve("127.0.0.1", 0, CollectorRegistry(), seconds=30.0)
    port = server.sockets[0].getsockname()[1]
    slow = [asyncio.create_task(spoken(port, GET, b"X")) for _ in range(80)]
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
        assert [(await client.get("/metrics")).status_code for _ in range(10)] == [200] * 10
    assert not any(task.done() for task in slow)
    await ended(slow)
    server.close()
