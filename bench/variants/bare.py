"""The bare journey: the documents, records and letters of recorded reports on plain drivers, with as few requests as they need.

One process does what the four services do, and nothing else: it receives no requests, decodes, validates and decides nothing.
"""

import asyncio
import email
import json
import signal
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiosmtplib
import bson
import uvloop
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from pymongo import AsyncMongoClient, InsertOne, ReplaceOne, UpdateOne
from pymongo.asynchronous.client_session import AsyncClientSession
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.read_concern import ReadConcern
from pymongo.write_concern import WriteConcern

from bench.variants.task import Task
from chassis.runtime.server import collect_seldom

MAJORITY = WriteConcern("majority", j=True)
LETTERS, DOOR = "notify", "intake"
Row = dict[str, Any]


@dataclass(frozen=True)
class BareTask:
    """What is replayed, and where."""

    task: Task
    services: Mapping[str, Sequence[str]]  # the topics that each one consumes
    expected: Mapping[str, int]  # how many records each one receives
    smtp_port: int
    chunks: int
    period: float  # seconds between two batches


def read(words: str) -> BareTask:
    """The task from the command line."""
    fields = json.loads(words)
    return BareTask(**fields | {"task": Task.read(json.dumps(fields["task"]))})


def chunks(folder: Path) -> list[Row]:
    """The batches of a recording: by service, transactions, deletes, records and letters."""
    with (folder / "chunks.bson").open("rb") as file:
        return list(bson.decode_file_iter(file))


async def replay(bare: BareTask) -> None:
    """Prepare, wait for SIGUSR1, replay, and say so; return when terminated."""
    loop, go = asyncio.get_running_loop(), asyncio.Event()
    loop.add_signal_handler(signal.SIGUSR1, go.set)
    recorded = chunks(Path(bare.task.folder))
    async with AsyncExitStack() as stack:
        client: AsyncMongoClient[Row] = AsyncMongoClient(bare.task.durable)
        stack.push_async_callback(client.close)
        producer = AIOKafkaProducer(**bare.task.kafka.aiokafka(), acks="all")
        await stack.enter_async_context(producer)
        smtp = await stack.enter_async_context(
            aiosmtplib.SMTP(hostname="127.0.0.1", port=bare.smtp_port, start_tls=False)
        )
        services = []
        for name, topics in bare.services.items():
            consumer = AIOKafkaConsumer(*topics, **bare.task.kafka.aiokafka(), auto_offset_reset="earliest")
            await stack.enter_async_context(consumer)
            session = await stack.enter_async_context(client.start_session(causal_consistency=False))
            database = client[f"{bare.task.database}-{name}"]
            services.append(Service(name, bare, database, session, producer, consumer, smtp))
        print("ready", flush=True)
        await go.wait()
        await asyncio.gather(*(one.run([row[one.name] for row in recorded]) for one in services))
        print("done", flush=True)
        await asyncio.Event().wait()


@dataclass
class Service:
    """The part of one service."""

    name: str
    bare: BareTask
    database: AsyncDatabase[Row]
    session: AsyncClientSession
    producer: AIOKafkaProducer
    consumer: AIOKafkaConsumer
    smtp: aiosmtplib.SMTP
    received: int = 0
    began: float = field(default_factory=time.monotonic)

    async def run(self, batches: Sequence[Row]) -> None:
        """One batch after the other: the door's at its time, the others' when their records have been received."""
        self.began = time.monotonic()
        reading = asyncio.ensure_future(self._read_on()) if self.name == DOOR else None
        for number, batch in enumerate(batches):
            if self.name == DOOR:
                due = self.began + number * self.bare.period
                await asyncio.sleep(max(0.0, due - time.monotonic()))
            else:
                await self._receive((number + 1) * self.bare.expected[self.name] // self.bare.chunks)
            await self._batch(batch)
        if reading:
            await reading

    async def _read_on(self) -> None:
        await self._receive(self.bare.expected[self.name])

    async def _receive(self, count: int) -> None:
        while self.received < count:
            found = await self.consumer.getmany(timeout_ms=200)
            self.received += sum(map(len, found.values()))

    async def _batch(self, batch: Row) -> None:
        for number, part in enumerate(batch["transactions"]):
            if number:
                await self._send(batch)
            async with await self.session.start_transaction(ReadConcern("snapshot"), MAJORITY):
                for collection, rows in part.items():
                    await self._write(collection, rows)
        if len(batch["transactions"]) < 2:
            await self._send(batch)
        for collection, rows in batch["updates"].items():
            await self.database[collection].bulk_write([_request(*row) for row in rows], ordered=False)
        for collection, ids in batch["deletes"].items():
            await self.database[collection].delete_many({"_id": {"$in": ids}})

    async def _write(self, collection: str, rows: Sequence[Sequence[Any]]) -> None:
        changed = [id_ for op, id_, _ in rows if op == "u"]
        if changed:
            find = self.database[collection].find({"_id": {"$in": changed}}, session=self.session)
            await find.to_list(None)
        await self.database[collection].bulk_write(
            [_request(*row) for row in rows], ordered=False, session=self.session
        )

    async def _send(self, batch: Row) -> None:
        sent = [
            await self.producer.send(topic, value, key, headers=[(one, two) for one, two in headers])
            for topic, key, value, headers in batch["records"]
        ]
        await asyncio.gather(*sent)
        for letter in batch["letters"]:
            parsed = email.message_from_bytes(letter[: letter.index(b"\r\n\r\n")])
            await self.smtp.sendmail("no-reply@ascolto.example", [str(parsed["to"])], letter)


def _request(op: str, id_: Any, body: Row) -> InsertOne[Row] | UpdateOne | ReplaceOne[Row]:
    if op == "i":
        return InsertOne(body)
    if any(name.startswith("$") for name in body):
        return UpdateOne({"_id": id_}, body)
    return ReplaceOne({"_id": id_}, body, upsert=True)


if __name__ == "__main__":
    collect_seldom()
    uvloop.run(replay(read(sys.argv[1])))
