"""An HTTP client that costs little: it keeps connections, reads what services answer, and raises what httpx raises."""

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
Place = tuple[str, int]
Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@dataclass(frozen=True)
class Question:
    """What was asked: the headers that were given, by their names in small letters."""

    headers: Mapping[str, str]


@dataclass(frozen=True)
class Response:
    """What came back, in the few words that a player asks for."""

    status_code: int
    headers: Mapping[str, str]
    content: bytes
    request: Question = Question({})

    @cached_property
    def text(self) -> str:
        """The body as text."""
        return self.content.decode("utf-8", "replace")

    def json(self) -> Any:
        """The body as JSON; raises ValueError when it is none."""
        return json.loads(self.content)


class LightClient:
    """Asks over connections that are kept while they work."""

    def __init__(self) -> None:
        """Has no connections yet."""
        self._idle: dict[Place, deque[Connection]] = {}

    async def request(self, method: str, url: str, **more: Any) -> Response:
        """One answer; raises httpx.TransportError when there is none, whatever was done behind it."""
        parts = urlsplit(url)
        place = (parts.hostname or "", parts.port or 80)
        sent = _request(method, parts.netloc, parts.path, more)
        try:
            async with asyncio.timeout(TIMEOUT):
                response = await self._exchange(place, sent)
        # uvloop says RuntimeError of a connection that ended between two requests.
        except (
            OSError,
            EOFError,
            ValueError,
            RuntimeError,
            TimeoutError,
            asyncio.LimitOverrunError,
        ) as error:
            raise httpx.TransportError(type(error).__name__) from error
        asked = {name.lower(): value for name, value in more.get("headers", {}).items()}
        return replace(response, request=Question(asked))

    async def _exchange(self, place: Place, sent: bytes) -> Response:
        idle = self._idle.setdefault(place, deque())
        reader, writer = idle.pop() if idle else await asyncio.open_connection(*place)
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
        """Ends every connection."""
        for idle in self._idle.values():
            while idle:
                idle.pop()[1].transport.abort()


def _request(method: str, host: str, path: str, more: Mapping[str, Any]) -> bytes:
    headers = {"Host": host, **more.get("headers", {})}
    body: bytes = more.get("content", b"")
    if "json" in more:
        body, headers["Content-Type"] = json.dumps(more["json"]).encode(), "application/json"
    if "data" in more:
        body = urlencode(more["data"]).encode()
        headers["Content-Type"] = "application/x-www-form-urlencoded"
    query = f"?{urlencode(more['params'])}" if more.get("params") else ""
    headers["Content-Length"] = str(len(body))
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"{method} {path or '/'}{query} HTTP/1.1\r\n{lines}\r\n".encode() + body


async def _response(reader: asyncio.StreamReader) -> Response:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    status = int(head[0].split(" ", 2)[1])
    rows = (line.partition(":") for line in head[1:] if line)
    headers = {name.strip().lower(): value.strip() for name, _, value in rows}
    if "chunked" in headers.get("transfer-encoding", ""):
        return Response(status, headers, await _chunks(reader))
    return Response(status, headers, await reader.readexactly(int(headers.get("content-length", 0))))


async def _chunks(reader: asyncio.StreamReader) -> bytes:
    found: bytes = b""
    while size := int(await reader.readline(), 16):
        found += bytes(await reader.readexactly(size + 2))[:-2]
    await reader.readline()
    return found
