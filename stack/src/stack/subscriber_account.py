"""The events that a subscriber must have received, read from the topics, and the violations in its output."""

import json
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from confluent_kafka import OFFSET_BEGINNING, Consumer, TopicPartition

from contracts.connection import Connection
from contracts.envelope import Envelope, read_envelope
from contracts.topics import BY_TYPE, TOPICS
from stack.processes import StackError

PUBLIC = tuple(topic for topic in TOPICS if topic.classification == "public")
READ_SECONDS = 30.0

Row = dict[str, Any]


@dataclass(frozen=True)
class ExpectedEvents:
    """All records of the public topics: known events by id, ids of unknown event types, and the number of copies."""

    known: Mapping[str, tuple[Envelope, Row]]
    unknown: frozenset[str]
    copies: int


def read_expected(kafka: Connection) -> ExpectedEvents:
    """Reads the public topics to their end; raises StackError after READ_SECONDS."""
    records = [
        (read_envelope(one.headers() or []), json.loads(one.value() or b"null")) for one in _records(kafka)
    ]
    known: dict[str, tuple[Envelope, Row]] = {}
    for envelope, body in records:
        if envelope.type in BY_TYPE:
            known.setdefault(envelope.id, (envelope, body))
    unknown = frozenset(envelope.id for envelope, _ in records if envelope.type not in BY_TYPE)
    return ExpectedEvents(known, unknown, len(records) - len(known) - len(unknown))


def _records(kafka: Connection) -> Iterator[Any]:
    consumer = Consumer(kafka.librdkafka() | {"group.id": "truth", "enable.auto.commit": False})
    try:
        partitions = [
            TopicPartition(topic.name, number) for topic in PUBLIC for number in range(topic.partitions)
        ]
        ends = {(one.topic, one.partition): consumer.get_watermark_offsets(one, 10)[1] for one in partitions}
        left = {where: end for where, end in ends.items() if end}
        consumer.assign([TopicPartition(*where, OFFSET_BEGINNING) for where in left])
        deadline = time.monotonic() + READ_SECONDS
        while left:
            yield from (one for one in consumer.consume(5000, 0.1) if one.error() is None)
            for partition in consumer.position([TopicPartition(*one) for one in left]):
                if partition.offset >= left[partition.topic, partition.partition]:
                    del left[partition.topic, partition.partition]
            if time.monotonic() > deadline:
                raise StackError("The public topics could not be read to their end.")
    finally:
        consumer.close()


def read_rows(path: Path) -> list[Row]:
    """The complete lines of a subscriber's output."""
    if not path.exists():
        return []
    whole = path.read_text().rpartition("\n")[0]
    return [json.loads(line) for line in whole.splitlines()]


def received(rows: Sequence[Row]) -> list[Row]:
    """The lines of processed events, without skipped copies and unknown types."""
    return [row for row in rows if "skipped" not in row]


def complete(rows: Sequence[Row], expected: ExpectedEvents) -> bool:
    """Whether every record has reached the subscriber, including unknown types."""
    ids = {row["id"] for row in rows}
    return ids >= expected.known.keys() and ids >= expected.unknown


def faults(rows: Sequence[Row], expected: ExpectedEvents, before_kill: int) -> Iterator[str]:
    """The violations in a subscriber's lines; `before_kill` is the number of lines when it was killed."""
    news = received(rows)
    times = Counter(row["id"] for row in news)
    yield from (f"{one} was processed {n} times" for one, n in times.items() if n > 1)
    yield from (f"{one} was never received" for one in expected.known.keys() - times.keys())
    yield from (
        f"{one} was processed and has an unknown type" for one in times.keys() - expected.known.keys()
    )
    yield from _disorder(news, expected)
    skipped = Counter(row.get("skipped") for row in rows)
    if skipped["copy"] < expected.copies:
        yield f"{expected.copies} copies are on the topics and {skipped['copy']} were seen"
    if skipped["copy"] - expected.copies >= before_kill:
        yield f"it started again from the beginning: {skipped['copy']} copies, {before_kill} lines before the kill"
    if skipped["unknown"] < len(expected.unknown):
        yield f"{len(expected.unknown)} records of unknown types are on the topics and {skipped['unknown']} were skipped"


def _disorder(news: Sequence[Row], expected: ExpectedEvents) -> Iterator[str]:
    last: dict[tuple[str, str], int] = {}
    for row in news:
        if row["id"] not in expected.known:
            continue
        envelope, body = expected.known[row["id"]]
        before = last.get((envelope.source, envelope.subject), 0)
        if envelope.sequence != before + 1:
            yield f"{envelope.type} {envelope.sequence} of {envelope.subject} came after {before}"
        last[envelope.source, envelope.subject] = envelope.sequence
        if row["subject"] != envelope.subject or int(row["sequence"]) != envelope.sequence:
            yield f"{row['id']}: the headers were read wrongly"
        if row["value"] not in body.values():
            yield f"{row['id']}: the value was read wrongly"
