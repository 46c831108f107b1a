"""Whoever is asked may be gone in the middle of the first hello: that too is an error of HTTP."""

import asyncio
import socket
import struct
import threading
import time
from collections import Counter
from collections.abc import Iterator

import httpx
import pytest
import uvloop

from chassis.http.client import http_client


@pytest.fixture
def resetting() -> Iterator[str]:
    """A server that takes every connection and resets it at once."""
    server = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                taken, _ = server.accept()
            except OSError:
                return
            taken.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            taken.close()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.getsockname()[1]}/"
    server.shutdown(socket.SHUT_RDWR)
    server.close()
    thread.join(5)


async def ask_often(url: str) -> Counter[str]:
    """Ask from a loop that is busy, so that the reset is there before the connection is looked at."""
    seen: Counter[str] = Counter()

    async def ask(client: httpx.AsyncClient) -> None:
        for _ in range(20):
            try:
                await client.get(url)
            except Exception as error:  # noqa: BLE001 - which it is is the question
                seen["http" if isinstance(error, httpx.HTTPError) else type(error).__name__] += 1

    async def be_busy() -> None:
        while True:
            time.sleep(0.005)
            await asyncio.sleep(0)

    async with http_client() as client:
        busy = asyncio.create_task(be_busy())
        await asyncio.gather(*(ask(client) for _ in range(8)))
        busy.cancel()
    return seen


def test_a_connection_that_is_reset_while_it_is_made_is_an_error_of_http(resetting: str) -> None:
    assert uvloop.run(ask_often(resetting)) == {"http": 160}
