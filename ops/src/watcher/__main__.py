"""Collects the metrics of the engines periodically and serves them on /metrics."""

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

COLLECT_SECONDS = 20.0
AWAY = {"kafka": "kafka_up", "mongod": "mongodb_up"}

Collect = Callable[[], Awaitable[Sequence[Sample]]]


async def watch(engine: str, collect: Collect, board: Board, every: float) -> None:
    """Collects samples every `every` seconds, and logs a line when an engine becomes unavailable or available."""
    previous = ""
    while True:
        began = time.monotonic()
        samples, trouble = await _once(engine, collect)
        board.update(engine, samples)
        if trouble != previous:
            _log(engine, trouble)
            previous = trouble
        await asyncio.sleep(max(0.1, every - (time.monotonic() - began)))


async def _once(engine: str, collect: Collect) -> tuple[Sequence[Sample], str]:
    try:
        return await asyncio.wait_for(collect(), COLLECT_SECONDS), ""
    except (KafkaError, PyMongoError, OSError, TimeoutError, ValueError) as error:
        return [Sample(AWAY[engine], 0)] if engine in AWAY else [], type(error).__name__


def _log(engine: str, trouble: str) -> None:
    line = {"at": time.time(), "said": "engine away" if trouble else "engine answers", "engine": engine}
    sys.stdout.write(json.dumps(line | ({"reason": trouble} if trouble else {})) + "\n")
    sys.stdout.flush()


async def run(settings: Settings) -> None:
    """Runs until SIGTERM or SIGINT; an error in one loop ends the process, so that it is restarted."""
    disable_created_metrics()  # type: ignore[no-untyped-call]
    board, registry = Board(), CollectorRegistry()
    registry.register(board)
    ProcessCollector(registry=registry)
    server = await page.serve(settings.host, settings.port, registry)
    collectors: dict[str, Collect] = {
        "kafka": lambda: kafka.collect(settings.connection),
        "mongod": lambda: mongo.collect(settings.store),
        "backups": lambda: backups.collect(settings.archives),
    }
    tasks = [
        asyncio.ensure_future(watch(name, collect, board, settings.every))
        for name, collect in collectors.items()
    ]
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, lambda: [task.cancel() for task in tasks])
    try:
        await asyncio.gather(*tasks)
    except asyncio.CancelledError:
        server.close()


if __name__ == "__main__":
    asyncio.run(run(Settings()))
