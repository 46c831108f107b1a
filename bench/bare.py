"""The bare arm of the journey: what recorded reports cost on plain drivers, while the services are paused."""

import asyncio
import json
import secrets
import signal
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import bson

from bench.costs import TAIL_SECONDS, Cost, Meter
from bench.engines import Engines
from bench.recorder import PUBLISHED, Recording
from bench.recording import Chunk, Write, bounds, missing, split
from bench.variants.bare import LETTERS, BareTask
from bench.variants.task import Task
from contracts.permissions import SERVICES, subscriptions_of
from stack.ports import Ports
from stack.processes import Child
from stack.tools import base_environment

BARE, BARE_IDLE = "bare", "bare-idle"
IDLE_SECONDS = 2.0
PATIENCE = 60.0
PARTITIONS = 12
Row = dict[str, Any]


@contextmanager
def paused(engines: Engines) -> Iterator[None]:
    """Stop the services with SIGSTOP meanwhile; shorter than the session timeout of their consumers."""
    children = [engines.system.service(name) for name in SERVICES]
    for child in children:
        child.pause()
    try:
        yield
    finally:
        for child in children:
            child.resume()


@dataclass(frozen=True)
class BareRun:
    """One replay of a recording in new databases and topics."""

    engines: Engines
    recording: Recording
    name: str

    @property
    def child(self) -> Child:
        """The process that replays."""
        return Child("variant", self.engines.system.root / "variants" / self.name)

    @property
    def topics(self) -> list[str]:
        """The topics of this replay."""
        return [f"{self.name}-{topic.name}" for topic in PUBLISHED]

    async def measure(self, rate: float) -> list[Cost]:
        """Replay at so many reports per second; return what idleness and what the replay cost."""
        count = max(1, round(self.recording.reports / self.recording.together))
        await self._prepare(count)
        try:
            self.child.start(self._command(count, count / self.recording.reports * rate), base_environment())
            await self._until("ready")
            with paused(self.engines):
                await asyncio.sleep(0.5)
                rest = Meter(self.engines, {BARE: self.child.pid()})
                await asyncio.sleep(IDLE_SECONDS)
                found = [rest.stop(BARE_IDLE, 0)]
                meter = Meter(self.engines, {BARE: self.child.pid()})
                self.child.send(signal.SIGUSR1)
                await self._until("done")
                await asyncio.sleep(TAIL_SECONDS)
                return [*found, meter.stop(BARE, self.recording.reports)]
        finally:
            self.child.kill()
            await self._drop()

    def _command(self, count: int, batches_per_second: float) -> list[str | Path]:
        system, records = self.engines.system, self.recording.records
        subscribed = {name: subscriptions_of(name) for name in SERVICES}
        expected = {name: sum(len(records[topic]) for topic in topics) for name, topics in subscribed.items()}
        task = Task(BARE, self.engines.kafka, self.engines.mongo, self.name, "", "", str(self.child.folder))
        bare = BareTask(
            task,
            {name: [f"{self.name}-{topic}" for topic in topics] for name, topics in subscribed.items()},
            expected,
            Ports(system.mailbox.folder)["smtp"],
            count,
            1 / batches_per_second,
        )
        return [sys.executable, "-m", "bench.variants.bare", json.dumps(asdict(bare))]

    async def _until(self, word: str) -> None:
        end = asyncio.get_running_loop().time() + PATIENCE
        while f"{word}\n" not in self.child.log.read_text():
            if not self.child.alive() or asyncio.get_running_loop().time() > end:
                raise self.child.failed(f"was not {word}")
            await asyncio.sleep(0.05)

    async def _prepare(self, count: int) -> None:
        await self.engines.make_topics(*self.topics, partitions=PARTITIONS)
        for name in SERVICES:
            self._copy(name)
        self.child.folder.mkdir(parents=True)
        (self.child.folder / "chunks.bson").write_bytes(b"".join(map(bson.encode, self._chunks(count))))

    def _copy(self, service: str) -> None:
        """Create the collections with their indexes, and the documents that were there before."""
        source, target = self.engines.client[service], self.engines.database(f"{self.name}-{service}")
        needed = missing(self.recording.writes[service])
        for collection in {one.collection for one in self.recording.writes[service]}:
            target.create_collection(collection)
            for index in source[collection].list_indexes():
                keys = index.pop("key")
                if index["name"] != "_id_":
                    target[collection].create_index(list(keys.items()), **_options(index))
            ids = list(needed.get(collection, ()))
            if rows := list(source[collection].find({"_id": {"$in": ids}})):
                target[collection].insert_many(rows)
            gone = set(ids) - {row["_id"] for row in rows}
            if gone:
                target[collection].insert_many({"_id": id_} for id_ in gone)

    def _chunks(self, count: int) -> list[Row]:
        parts = {name: split(found, count) for name, found in self.recording.writes.items()}
        return [
            {name: self._batch(name, n, count, parts[name][n]) for name in SERVICES} for n in range(count)
        ]

    def _batch(self, service: str, number: int, count: int, chunk: Chunk) -> Row:
        def part(found: Any) -> Any:
            start, end = bounds(len(found), count)[number]
            return found[start:end]

        published = [topic.name for topic in PUBLISHED if topic.owner == service]
        records = [row for topic in published for row in part(self.recording.records[topic])]
        return {
            "transactions": [_rows(stage) for stage in chunk.transactions],
            "updates": _rows(chunk.updates),
            "deletes": chunk.deletes,
            "records": [
                [f"{self.name}-{row.topic}", row.key, row.value, [list(one) for one in row.headers]]
                for row in records
            ],
            "letters": part(self.recording.letters) if service == LETTERS else [],
        }

    async def _drop(self) -> None:
        for service in SERVICES:
            self.engines.client.drop_database(f"{self.name}-{service}")
        await self.engines.delete_topics(*self.topics)


def _rows(found: Mapping[str, Sequence[Write]]) -> dict[str, list[list[Any]]]:
    return {name: [[one.op, one.id, one.body] for one in rows] for name, rows in found.items()}


def _options(index: Mapping[str, Any]) -> Row:
    return {name: value for name, value in index.items() if name not in ("v", "ns")}


def bare_run(engines: Engines, recording: Recording) -> BareRun:
    """A replay under an unused name."""
    return BareRun(engines, recording, f"bare-{secrets.token_hex(4)}")
