"""Looks at the engines again and again, and shows what it saw on /metrics."""

import asyncio
import json
import signal
import sys
import time
from collections.abc import Awaitable, Callable, Sequence

from aiokafka.errors import KafkaError
from prometheus_client import CollectorRegistry, ProcessCollector, disable_created_metrics
from pymongo.errors import PyMongoError

from watcher import backups, kafka, mongo, page
from watcher.board import Board, Sample
from watcher.settings import Settings

LOOK_SECONDS = 20.0
AWAY = {"kafka": "kafka_up", "mongod": "mongodb_up"}

Look = Callable[[], Awaitable[Sequence[Sample]]]


async def watch(engine: str, look: Look, board: Board, every: float) -> None:
    """Look again and again; a line is said when an engine goes or comes."""
    was = ""
    while True:
        began = time.monotonic()
        seen, trouble = await _once(engine, look)
        board.show(engine, seen)
        if trouble != was:
            _say(engine, trouble)
            was = trouble
        await asyncio.sleep(max(0.1, every - (time.monotonic() - began)))


async def _once(engine: str, look: Look) -> tuple[Sequence[Sample], str]:
    try:
        return await asyncio.wait_for(look(), LOOK_SECONDS), ""
    except (KafkaError, PyMongoError, OSError, TimeoutError, ValueError) as error:
        return [Sample(AWAY[engine], 0)] if engine in AWAY else [], type(error).__name__


def _say(engine: str, trouble: str) -> None:
    line = {"at": time.time(), "said": "engine away" if trouble else "engine answers", "engine": engine}
    sys.stdout.write(json.dumps(line | ({"reason": trouble} if trouble else {})) + "\n")
    sys.stdout.flush()


async def run(settings: Settings) -> None:
    """Go on until told to stop; a loop that dies takes the process with it, so that a fresh one is started."""
    disable_created_metrics()  # type: ignore[no-untyped-call]
    board, registry = Board(), CollectorRegistry()
    registry.register(board)
    ProcessCollector(registry=registry)
    server = await page.serve(settings.host, settings.port, registry)
    looks: dict[str, Look] = {
        "kafka": lambda: kafka.look(settings.connection),
        "mongod": lambda: mongo.look(settings.store),
        "backups": lambda: backups.look(settings.archives),
    }
    tasks = [asyncio.ensure_future(watch(name, look, board, settings.every)) for name, look in looks.items()]
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, lambda: [task.cancel() for task in tasks])
    try:
        await asyncio.gather(*tasks)
    except asyncio.CancelledError:
        server.close()


if __name__ == "__main__":
    asyncio.run(run(Settings()))
