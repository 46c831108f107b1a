"""The topics after a restore: events that no publisher has any more are written to a file, and the topics are created again.

An event that was sent after the time of the archive is on its topic, but its publisher has lost it and will use its sequence number
for another. So the topics are created again, empty, and the outboxes send what the databases have.
"""

import json
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient

from chassis.outbox.sent import KEPT
from contracts.connection import Connection
from contracts.envelope import Malformed, instant_text, read_envelope
from contracts.topics import TOPICS
from ops.backup.archive import PART, sync_folder
from ops.provision import provision, reached, wanted

READ_SECONDS = 600.0
GONE_SECONDS = 60.0
TOGETHER = 1000
Unknown = Callable[[str, Sequence[str]], set[str]]


@dataclass
class Lost:
    """Events on topics that no publisher has: counted by type, and the subjects that are lost entirely."""

    types: Counter[str] = field(default_factory=Counter)
    begun: list[tuple[str, str]] = field(default_factory=list)


def write_lost(kafka: Connection, unknown: Unknown, moment: datetime, path: Path) -> Lost:
    """Write the lost events of all topics to a file, one JSON object per line, before the topics are deleted."""
    lost, since = Lost(), moment - KEPT + timedelta(days=1)
    part = path.with_name(path.name + PART)
    with part.open("w", encoding="utf-8") as file:
        for batch in _batches(_facts(kafka)):
            for row in _lost(batch, unknown, since):
                file.write(json.dumps(row, ensure_ascii=False) + "\n")
                lost.types[row["type"]] += 1
                if row["sequence"] == 1:
                    lost.begun.append((row["type"], row["subject"]))
    part.rename(path)
    sync_folder(path.parent)
    return lost


def _lost(batch: Sequence[dict[str, Any]], unknown: Unknown, since: datetime) -> Iterator[dict[str, Any]]:
    """Events older than those that publishers keep are unknown too, but not lost."""
    young = [row for row in batch if datetime.fromisoformat(row["time"]) > since]
    gone: dict[str, set[str]] = {}
    for publisher in {row["publisher"] for row in young}:
        gone[publisher] = unknown(publisher, [row["id"] for row in young if row["publisher"] == publisher])
    yield from (row for row in young if row["id"] in gone[row["publisher"]])


def _facts(kafka: Connection) -> Iterator[dict[str, Any]]:
    settings = {"group.id": "restore-assigns-itself", "enable.auto.commit": False}
    consumer = Consumer(kafka.librdkafka() | settings)
    try:
        for message in _records(consumer):
            try:
                envelope = read_envelope(message.headers() or [])
                body = json.loads(message.value() or b"null")
            except (Malformed, ValueError):
                continue  # not an event
            yield {
                "topic": message.topic(),
                "partition": message.partition(),
                "offset": message.offset(),
                "publisher": envelope.source.rpartition("/")[2],
                "id": envelope.id,
                "type": envelope.type,
                "subject": envelope.subject,
                "sequence": envelope.sequence,
                "time": instant_text(envelope.time),
                "correlation": envelope.correlation_id,
                "body": body,
            }
    finally:
        consumer.close()


def _records(consumer: Consumer) -> Iterator[Any]:
    left = dict(_ends(consumer))
    consumer.assign([TopicPartition(*place, OFFSET_BEGINNING) for place in left])
    deadline = time.monotonic() + READ_SECONDS
    while left:
        for message in consumer.consume(TOGETHER, 0.2):
            if message.error() is None:
                yield message
        for place in consumer.position([TopicPartition(*where) for where in left]):
            if place.offset >= left[place.topic, place.partition]:
                del left[place.topic, place.partition]
        if time.monotonic() > deadline:
            raise KafkaException(
                KafkaError(KafkaError._TIMED_OUT, f"{len(left)} partitions could not be read")
            )


def _ends(consumer: Consumer) -> Iterator[tuple[tuple[str, int], int]]:
    there = consumer.list_topics(timeout=10).topics
    for topic in TOPICS:
        for partition in there[topic.name].partitions if topic.name in there else ():
            first, end = consumer.get_watermark_offsets(TopicPartition(topic.name, partition), 10)
            if end > first:
                yield (topic.name, partition), end


def _batches(rows: Iterable[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    batch: list[dict[str, Any]] = []
    for row in rows:
        batch.append(row)
        if len(batch) == TOGETHER:
            yield batch
            batch = []
    yield batch


def recreate_topics(kafka: Connection, passwords: Mapping[str, str]) -> int:
    """Delete the topics and provision new, empty ones with the same ACLs; returns how many."""
    admin = reached(kafka)
    names = [topic.name for topic in wanted()]
    there = _there(admin, names)
    replicas = _replicas(admin, there)
    for done in (admin.delete_topics(there, operation_timeout=30) if there else {}).values():
        done.result(GONE_SECONDS)
    deadline = time.monotonic() + GONE_SECONDS
    while _there(admin, names):
        if time.monotonic() > deadline:
            raise KafkaException(KafkaError(KafkaError._TIMED_OUT, "the old topics were not deleted in time"))
        time.sleep(0.2)
    return len(provision(kafka, replicas, passwords))


def _there(admin: AdminClient, names: Sequence[str]) -> list[str]:
    known = admin.list_topics(timeout=10).topics
    return [name for name in names if name in known]


def _replicas(admin: AdminClient, there: Sequence[str]) -> int:
    """The largest replication factor the topics had; on a new cluster up to three, at most the number of brokers."""
    known = admin.list_topics(timeout=10)
    counts = [len(part.replicas) for name in there for part in known.topics[name].partitions.values()]
    return max(counts, default=min(3, len(known.brokers)))
