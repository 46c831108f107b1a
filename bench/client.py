"""An open-loop HTTP client: requests leave at their scheduled times, whether or not earlier ones were answered."""

import asyncio
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

CONNECTIONS = 64
# The server closes a connection after 5 s without a request; one that is close to that is not reused.
TRUSTED_SECONDS = 3.0

Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter, float]


@dataclass(frozen=True, slots=True)
class Answer:
    """When a request was due and when it was answered (seconds since 1970), and the response."""

    due: float
    answered: float
    status: int
    body: dict[str, Any]


class Client:
    """Kept-alive connections to one host, cheap enough not to distort the measurement."""

    def __init__(self, host: str, port: int) -> None:
        """Connects on the first request."""
        self._host, self._port = host, port
        self._free: asyncio.LifoQueue[Connection | None] = asyncio.LifoQueue()
        for _ in range(CONNECTIONS):
            self._free.put_nowait(None)

    async def post(self, path: str, body: bytes, due: float) -> Answer:
        """Send one request; the wait for a free connection counts as part of its time."""
        free = await self._free.get()
        try:
            reader, writer = await self._open(free)
            head = f"POST {path} HTTP/1.1\r\nHost: {self._host}\r\nContent-Type: application/json\r\n"
            writer.write(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
            status, found = await _read(reader)
            free = (reader, writer, time.monotonic())
        except (OSError, asyncio.IncompleteReadError, ValueError):
            status, found, free = 0, b"{}", None
        finally:
            self._free.put_nowait(free)
        return Answer(due, time.time(), status, json.loads(found))

    async def _open(self, free: Connection | None) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if free is not None:
            reader, writer, used = free
            if time.monotonic() - used < TRUSTED_SECONDS:
                return reader, writer
            writer.close()
        return await asyncio.open_connection(self._host, self._port)

    async def open_loop(self, path: str, bodies: Sequence[bytes], rate: float) -> list[Answer]:
        """Send at a constant rate; `due` is the scheduled time, not the time when the request left."""
        start = time.time() + 0.1
        tasks = []
        for number, body in enumerate(bodies):
            due = start + number / rate
            await asyncio.sleep(max(0.0, due - time.time()))
            tasks.append(asyncio.create_task(self.post(path, body, due)))
        return list(await asyncio.gather(*tasks))

    async def closed_loop(self, path: str, bodies: Sequence[bytes]) -> list[Answer]:
        """Send each request as soon as a connection is free."""
        waiting = iter(bodies)
        answers: list[Answer] = []

        async def go_on() -> None:
            for body in waiting:
                answers.append(await self.post(path, body, time.time()))

        await asyncio.gather(*(go_on() for _ in range(CONNECTIONS)))
        return answers


async def _read(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    lines = head.split("\r\n")
    fields = dict(line.lower().split(": ", 1) for line in lines[1:] if line)
    return int(lines[0].split()[1]), await reader.readexactly(int(fields.get("content-length", "0")))
