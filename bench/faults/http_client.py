"""A cheap HTTP client: it keeps connections alive and raises the same errors as httpx."""

import asyncio
import json
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any
from urllib.parse import urlencode, urlsplit

import httpx

TIMEOUT = 10.0
Address = tuple[str, int]
Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@dataclass(frozen=True)
class Request:
    """The request: its headers under lower-case names."""

    headers: Mapping[str, str]


@dataclass(frozen=True)
class Response:
    """The part of an httpx response that the load uses."""

    status_code: int
    headers: httpx.Headers
    content: bytes
    request: Request = Request({})

    @cached_property
    def text(self) -> str:
        """The body as text."""
        return self.content.decode("utf-8", "replace")

    def json(self) -> Any:
        """The body as JSON; raises ValueError when it is not JSON."""
        return json.loads(self.content)


class HttpClient:
    """Sends requests over kept-alive connections."""

    def __init__(self) -> None:
        """Opens no connection yet."""
        self._idle: dict[Address, deque[Connection]] = {}

    async def request(self, method: str, url: str, **options: Any) -> Response:
        """Send a request; raises httpx.TransportError without a response, whether or not the server handled the request."""
        parts = urlsplit(url)
        address = (parts.hostname or "", parts.port or 80)
        sent = _request(method, parts.netloc, parts.path, options)
        try:
            async with asyncio.timeout(TIMEOUT):
                response = await self._exchange(address, sent)
        # uvloop raises RuntimeError on a connection that was closed between two requests
        except (
            OSError,
            EOFError,
            ValueError,
            RuntimeError,
            TimeoutError,
            asyncio.LimitOverrunError,
        ) as error:
            raise httpx.TransportError(type(error).__name__) from error
        args = {name.lower(): value for name, value in options.get("headers", {}).items()}
        return replace(response, request=Request(args))

    async def _exchange(self, address: Address, sent: bytes) -> Response:
        idle = self._idle.setdefault(address, deque())
        reader, writer = idle.pop() if idle else await asyncio.open_connection(*address)
        try:
            writer.write(sent)
            response = await _response(reader)
        except BaseException:
            writer.transport.abort()
            raise
        if response.headers.get("connection", "").lower() == "close":
            writer.close()
        else:
            idle.append((reader, writer))
        return response

    def close(self) -> None:
        """Close every connection."""
        for idle in self._idle.values():
            while idle:
                idle.pop()[1].transport.abort()


def _request(method: str, host: str, path: str, options: Mapping[str, Any]) -> bytes:
    headers = {"Host": host, **options.get("headers", {})}
    body: bytes = options.get("content", b"")
    if "json" in options:
        body, headers["Content-Type"] = json.dumps(options["json"]).encode(), "application/json"
    if "data" in options:
        body = urlencode(options["data"]).encode()
        headers["Content-Type"] = "application/x-www-form-urlencoded"
    query = f"?{urlencode(options['params'])}" if options.get("params") else ""
    headers["Content-Length"] = str(len(body))
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"{method} {path or '/'}{query} HTTP/1.1\r\n{lines}\r\n".encode() + body


async def _response(reader: asyncio.StreamReader) -> Response:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    status = int(head[0].split(" ", 2)[1])
    rows = (line.partition(":") for line in head[1:] if line)
    headers = httpx.Headers([(name.strip(), value.strip()) for name, _, value in rows])
    if "chunked" in headers.get("transfer-encoding", ""):
        return Response(status, headers, await _chunks(reader))
    return Response(status, headers, await reader.readexactly(int(headers.get("content-length", 0))))


async def _chunks(reader: asyncio.StreamReader) -> bytes:
    found: bytes = b""
    while size := int(await reader.readline(), 16):
        found += bytes(await reader.readexactly(size + 2))[:-2]
    await reader.readline()
    return found
