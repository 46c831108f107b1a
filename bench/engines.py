"""The engines of a run: topics, databases, commit times from the oplog, and processor time per process."""

import asyncio
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.partitioner import murmur2
from bson import Timestamp
from pymongo import MongoClient
from pymongo.database import Database
from pymongo.write_concern import WriteConcern

from bench.counters import OwnCommands
from bench.events import EventRecord
from stack.system import System

PARTITIONS = 6
TICKS = os.sysconf("SC_CLK_TCK")
Row = dict[str, Any]


@dataclass(frozen=True)
class CommitStats:
    """What was committed to a namespace: events, those of the first commit, and seconds from the first to the last commit."""

    events: int
    first: int
    seconds: float

    @property
    def per_second(self) -> float:
        """Events per second after the first commit, whose start is unknown."""
        return (self.events - self.first) / self.seconds if self.seconds > 0 else 0.0


@contextmanager
def mongod_in(folder: Path) -> Iterator[System]:
    """A MongoDB of its own for the block; its data are in this folder."""
    system = System(folder)
    system.mongod.launch()
    try:
        system.mongod.wait_ready()
        yield system
    finally:
        system.mongod.stop()


class Engines:
    """Kafka and MongoDB of one state folder."""

    def __init__(self, system: System) -> None:
        """Connects to running engines."""
        self.system = system
        self.kafka = system.kafka.admin
        self.mongo = system.mongod.admin
        self.own = OwnCommands()
        self.client: MongoClient[Row] = MongoClient(self.mongo, tz_aware=True, event_listeners=[self.own])

    def database(self, name: str) -> Database[Row]:
        """A database that is written with majority and journal."""
        return self.client.get_database(name, write_concern=WriteConcern("majority", j=True))

    async def make_topics(self, *names: str, partitions: int = PARTITIONS) -> None:
        """Create topics and wait until they accept writes."""
        admin = AIOKafkaAdminClient(**self.kafka.aiokafka())
        await admin.start()
        try:
            # Events carry past timestamps: without this, retention would delete them.
            kept = {"retention.ms": "-1"}
            await admin.create_topics([NewTopic(name, partitions, 1, topic_configs=kept) for name in names])
            for _ in range(100):
                found = await admin.describe_topics(list(names))
                if all(len(row["partitions"]) == partitions for row in found):
                    return
                await asyncio.sleep(0.02)
        finally:
            await admin.close()

    async def drop(self, database: str, *topics: str) -> None:
        """Drop a run's database and topics."""
        self.client.drop_database(database)
        await self.delete_topics(*topics)

    async def delete_topics(self, *topics: str) -> None:
        """Delete topics."""
        admin = AIOKafkaAdminClient(**self.kafka.aiokafka())
        await admin.start()
        try:
            await admin.delete_topics(list(topics))
        finally:
            await admin.close()

    async def prefill(self, topic: str, events: Iterable[EventRecord]) -> None:
        """Write events to a topic, partitioned by subject, and return when the broker has acknowledged all."""
        parts: dict[int, list[EventRecord]] = {}
        for record in events:
            partition = (murmur2(record.subject.encode()) & 0x7FFFFFFF) % PARTITIONS
            parts.setdefault(partition, []).append(record)
        producer = AIOKafkaProducer(**self.kafka.aiokafka(), acks="all", max_batch_size=524_288)
        await producer.start()
        try:
            await asyncio.gather(*(_fill(producer, topic, n, part) for n, part in parts.items()))
        finally:
            await producer.stop()

    async def read(self, topic: str) -> list[Any]:
        """Every record of a topic."""
        consumer = AIOKafkaConsumer(**self.kafka.aiokafka(), enable_auto_commit=False)
        await consumer.start()
        try:
            partitions = [TopicPartition(topic, n) for n in range(PARTITIONS)]
            consumer.assign(partitions)
            await consumer.seek_to_beginning(*partitions)
            ends = await consumer.end_offsets(partitions)
            found: list[Any] = []
            while len(found) < sum(ends.values()):
                for rows in (await consumer.getmany(timeout_ms=500)).values():
                    found += rows
            return found
        finally:
            await consumer.stop()

    async def end_of(self, topic: str) -> int:
        """How many records a topic has had."""
        consumer = AIOKafkaConsumer(topic, **self.kafka.aiokafka(), enable_auto_commit=False)
        await consumer.start()
        try:
            parts = [TopicPartition(topic, n) for n in consumer.partitions_for_topic(topic) or ()]
            return sum((await consumer.end_offsets(parts)).values())
        finally:
            await consumer.stop()

    def stored(self, topics: Iterable[str], databases: Iterable[str]) -> tuple[int, int]:
        """The bytes of documents with their indexes before compression, and of topics, on one server each."""
        stats = [self.client[name].command("dbStats") for name in databases]
        documents = sum(int(row["dataSize"] + row["indexSize"]) for row in stats)
        logs = [path for topic in topics for path in self.system.kafka.folder.glob(f"**/{topic}-*/*.log")]
        return documents, sum(path.stat().st_size for path in logs)

    def now(self) -> Timestamp:
        """The timestamp of the last oplog entry."""
        last = self.client["local"]["oplog.rs"].find_one(sort=[("$natural", -1)])
        assert last is not None
        found: Timestamp = last["ts"]
        return found

    def commits(self, namespace: str, since: Timestamp, op: str) -> CommitStats:
        """What was inserted (`i`), updated (`u`) or deleted (`d`) after a timestamp; a transaction counts as one commit."""
        inner = {"$filter": {"input": "$o.applyOps", "cond": _both("$$this", namespace, op)}}
        many = {"$isArray": "$o.applyOps"}
        stages: list[Row] = [
            {"$match": {"ts": {"$gt": since}, "$or": [{"ns": namespace}, {"o.applyOps.ns": namespace}]}},
            {
                "$project": {
                    "wall": 1,
                    "n": {"$cond": [many, {"$size": inner}, {"$cond": [_both("$", namespace, op), 1, 0]}]},
                }
            },
            {"$match": {"n": {"$gt": 0}}},
            {"$sort": {"wall": 1}},
        ]
        rows = list(self.client["local"]["oplog.rs"].aggregate(stages))
        if not rows:
            return CommitStats(0, 0, 0.0)
        first, last = rows[0]["wall"], rows[-1]["wall"]
        head = sum(row["n"] for row in rows if row["wall"] == first)
        return CommitStats(sum(row["n"] for row in rows), head, (last - first).total_seconds())

    def cpu(self, child: int) -> tuple[float, float, float]:
        """Processor seconds used so far by a child process, mongod and the broker."""
        pids = (child, self.system.mongod.child.pid(), self.system.kafka.child.pid())
        client, mongod, broker = (cpu_seconds(pid) for pid in pids)
        return client, mongod, broker


def _both(where: str, namespace: str, op: str) -> Row:
    dot = "" if where == "$" else "."
    return {"$and": [{"$eq": [f"{where}{dot}ns", namespace]}, {"$eq": [f"{where}{dot}op", op]}]}


def cpu_seconds(pid: int | None) -> float:
    """User and system time of a process, all its threads included."""
    if pid is None:
        return 0.0
    stat = Path(f"/proc/{pid}/stat").read_text()
    fields = stat[stat.rindex(")") + 2 :].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def rss_mib(pid: int) -> float:
    """The peak resident memory of a process in MiB."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM"):
            return int(line.split()[1]) / 1024
    return 0.0


async def _fill(
    producer: AIOKafkaProducer, topic: str, partition: int, events: Sequence[EventRecord]
) -> None:
    batch = producer.create_batch()
    for record in events:
        row = {
            "key": record.subject.encode(),
            "value": record.body,
            "headers": record.headers,
            "timestamp": int(record.at.timestamp() * 1000),
        }
        if batch.append(**row) is None:
            await (await producer.send_batch(batch, topic, partition=partition))
            batch = producer.create_batch()
            batch.append(**row)
    await (await producer.send_batch(batch, topic, partition=partition))
