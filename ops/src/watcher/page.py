"""The HTTP server of /metrics: one request per connection, with bounded time and a bounded number of connections."""

import asyncio
from collections.abc import Callable
from functools import partial

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

SECONDS = 5.0
MAX_CONNECTIONS = 100
HEAD_BYTES = 8_192


async def serve(
    host: str, port: int, registry: CollectorRegistry, seconds: float = SECONDS
) -> asyncio.Server:
    """Serves the metrics until the server is closed; a connection that lasts longer than `seconds` is aborted."""
    answer = partial(_answer, lambda: generate_latest(registry), seconds, set())
    return await asyncio.start_server(answer, host, port, limit=HEAD_BYTES)


async def _answer(
    metrics: Callable[[], bytes],
    seconds: float,
    connections: set[asyncio.StreamWriter],
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
) -> None:
    connections.add(writer)
    try:
        async with asyncio.timeout(seconds if len(connections) <= MAX_CONNECTIONS else 0):
            head = await reader.readuntil(b"\r\n\r\n")
            writer.write(_response(head.partition(b"\r\n")[0].split(b" "), metrics))
            writer.close()
            await writer.wait_closed()
    except (TimeoutError, EOFError, asyncio.LimitOverrunError, ConnectionError):
        writer.transport.abort()  # closing would wait for a client that does not read
    finally:
        connections.discard(writer)


def _response(words: list[bytes], metrics: Callable[[], bytes]) -> bytes:
    status, body = b"200 OK", b""
    if words[0] != b"GET":
        status = b"405 Method Not Allowed\r\nAllow: GET"
    elif len(words) < 2 or words[1].partition(b"?")[0] != b"/metrics":
        status = b"404 Not Found"
    else:
        body = metrics()
    kind, size = CONTENT_TYPE_LATEST.encode(), len(body)
    return b"HTTP/1.1 %b\r\nContent-Type: %b\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%b" % (
        status,
        kind,
        size,
        body,
    )
