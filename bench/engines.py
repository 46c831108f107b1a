"""The engines of a run: topics, databases, what the oplog says was committed when, and who used the processor."""

import asyncio
import os
from collections.abc import Iterable, Sequence
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

from bench.events import Said
from stack.system import System

PARTITIONS = 6
TICKS = os.sysconf("SC_CLK_TCK")
Row = dict[str, Any]


@dataclass(frozen=True)
class BatchCommitter:
    """What a namespace took since a moment: events, and the seconds from its first commit to its last."""

    events: int
    first: int
    seconds: float

    @property
    def per_second(self) -> float:
        """The rate after the first commit, whose own beginning nobody saw."""
        return (self.events - self.first) / self.seconds if self.seconds > 0 else 0.0


class Engines:
    """Kafka and MongoDB of one state folder."""

    def __init__(self, system: System) -> None:
        """Connects to what runs."""
        self.system = system
        self.kafka = system.kafka.admin
        self.mongo = system.mongod.admin
        self.client: MongoClient[Row] = MongoClient(self.mongo, tz_aware=True)

    def database(self, name: str) -> Database[Row]:
        """A database, with what it is told being durable."""
        return self.client.get_database(name, write_concern=WriteConcern("majority", j=True))

    async def make_topics(self, *names: str) -> None:
        """Creates topics and waits until they can be written."""
        admin = AIOKafkaAdminClient(**self.kafka.aiokafka())
        await admin.start()
        try:
            # The events carry their own times, however long ago these are: nothing of them may be cleaned away.
            kept = {"retention.ms": "-1"}
            await admin.create_topics([NewTopic(name, PARTITIONS, 1, topic_configs=kept) for name in names])
            for _ in range(100):
                found = await admin.describe_topics(list(names))
                if all(len(row["partitions"]) == PARTITIONS for row in found):
                    return
                await asyncio.sleep(0.02)
        finally:
            await admin.close()

    async def drop(self, database: str, *topics: str) -> None:
        """Removes what a run left."""
        self.client.drop_database(database)
        admin = AIOKafkaAdminClient(**self.kafka.aiokafka())
        await admin.start()
        try:
            await admin.delete_topics(list(topics))
        finally:
            await admin.close()

    async def prefill(self, topic: str, events: Iterable[Said]) -> None:
        """Puts events on a topic, by their subjects, and returns when the broker has them all."""
        parts: dict[int, list[Said]] = {}
        for said in events:
            partition = (murmur2(said.subject.encode()) & 0x7FFFFFFF) % PARTITIONS
            parts.setdefault(partition, []).append(said)
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

    def now(self) -> Timestamp:
        """The place of the oplog's last entry."""
        last = self.client["local"]["oplog.rs"].find_one(sort=[("$natural", -1)])
        assert last is not None
        found: Timestamp = last["ts"]
        return found

    def commits(self, namespace: str, since: Timestamp, op: str) -> BatchCommitter:
        """What was inserted (`i`), updated (`u`) or deleted (`d`) after a moment; one transaction is one commit."""
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
            return BatchCommitter(0, 0, 0.0)
        first, last = rows[0]["wall"], rows[-1]["wall"]
        head = sum(row["n"] for row in rows if row["wall"] == first)
        return BatchCommitter(sum(row["n"] for row in rows), head, (last - first).total_seconds())

    def cpu(self, child: int) -> tuple[float, float, float]:
        """Seconds of processor time so far: of a child, of mongod and of the broker."""
        pids = (child, self.system.mongod.child.pid(), self.system.kafka.child.pid())
        client, mongod, broker = (cpu_seconds(pid) for pid in pids)
        return client, mongod, broker


def _both(where: str, namespace: str, op: str) -> Row:
    dot = "" if where == "$" else "."
    return {"$and": [{"$eq": [f"{where}{dot}ns", namespace]}, {"$eq": [f"{where}{dot}op", op]}]}


def cpu_seconds(pid: int | None) -> float:
    """User and system time of a process with all its threads."""
    if pid is None:
        return 0.0
    stat = Path(f"/proc/{pid}/stat").read_text()
    fields = stat[stat.rindex(")") + 2 :].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def rss_mib(pid: int) -> float:
    """The most memory a process ever had."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM"):
            return int(line.split()[1]) / 1024
    return 0.0


async def _fill(producer: AIOKafkaProducer, topic: str, partition: int, events: Sequence[Said]) -> None:
    batch = producer.create_batch()
    for said in events:
        row = {
            "key": said.subject.encode(),
            "value": said.body,
            "headers": said.headers,
            "timestamp": int(said.at.timestamp() * 1000),
        }
        if batch.append(**row) is None:
            await (await producer.send_batch(batch, topic, partition=partition))
            batch = producer.create_batch()
            batch.append(**row)
    await (await producer.send_batch(batch, topic, partition=partition))
