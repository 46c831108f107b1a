"""Poison on every consumed topic: sent as raw batches, and later looked up among the parked records of every consumer."""

import asyncio
import random
import struct
import uuid
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError
from aiokafka.record.util import calc_crc32c
from pymongo import MongoClient

from bench.faults.corpus import Draft, Kind, kinds
from contracts.base import Event
from contracts.connection import Connection
from contracts.envelope import Envelope
from contracts.partitions import partition_of
from contracts.samples import examples
from contracts.topics import BY_NAME, TOPICS, Topic

_ATTRIBUTES, _CRC, _CHECKED = 21, 17, 21
SUBSCRIBED = tuple(topic for topic in TOPICS if topic.subscribers)


@dataclass(frozen=True)
class Poison:
    """A record that was sent, its coordinates, and what must become of it."""

    kind: str
    topic: str
    partition: int
    offset: int
    expect: str
    value: bytes | None


def valid_record(topic: Topic, seed: int) -> Draft:
    """A valid record about an unknown subject."""
    event: type[Event] = topic.events[0]
    subject = str(uuid.UUID(int=random.Random(seed).getrandbits(128), version=4))
    example = examples(event)[0].body
    body = event.model_validate(example | {event.key_field: subject}, strict=False).body()
    envelope = Envelope(
        id=str(uuid.uuid5(uuid.NAMESPACE_OID, subject)),
        type=event.type_tag,
        source=f"/ascolto/{topic.owner}",
        subject=subject,
        time=datetime(2026, 11, 20, 12, tzinfo=UTC),
        sequence=1,
        correlation_id=f"report:{subject}",
    )
    return Draft(subject.encode(), body, list(envelope.headers()))


async def send(
    kafka: Connection, topics: Sequence[Topic], seed: int, spare: Collection[str] = ()
) -> tuple[list[Poison], dict[str, str]]:
    """Send every kind except `spare` to every topic; return the sent records, and errors by kind."""
    producer = AIOKafkaProducer(
        **kafka.aiokafka(), max_request_size=2_097_152, max_batch_size=2_097_152, linger_ms=0
    )
    sent: list[Poison] = []
    refused: dict[str, str] = {}
    wanted = [(topic, kind) for topic in topics for kind in kinds() if kind.name not in spare]
    await producer.start()
    try:
        for number, (topic, kind) in enumerate(wanted):
            try:
                sent.append(await _send(producer, topic, kind, seed * 10_000 + number))
            except KafkaError as error:
                refused[kind.name] = type(error).__name__
            if number % 10 == 9:
                await asyncio.sleep(0.2)  # a consumer rightly stops when it parks everything at once
    finally:
        await producer.stop()
    return sent, refused


async def _send(producer: AIOKafkaProducer, topic: Topic, kind: Kind, seed: int) -> Poison:
    draft = kind.corrupt(valid_record(topic, seed))
    batch = producer.create_batch()
    batch.append(key=draft.key, value=draft.value, timestamp=None, headers=draft.headers)
    batch._buffer = _patched(bytes(batch._build()), draft)
    key = (draft.key or b"").decode("utf-8", "replace")
    partition = partition_of(key, topic.partitions) if key else seed % topic.partitions
    done = await asyncio.wait_for(await producer.send_batch(batch, topic.name, partition=partition), 20)
    return Poison(kind.name, topic.name, partition, done.offset, kind.expect, draft.value)


def _patched(batch: bytes, draft: Draft) -> bytearray:
    """The encoded batch with broken bytes and a correct checksum."""
    raw = bytearray(batch.replace(*draft.patch, 1) if draft.patch else batch)
    if draft.codec is not None:
        struct.pack_into(">h", raw, _ATTRIBUTES, draft.codec)
    struct.pack_into(">I", raw, _CRC, calc_crc32c(memoryview(raw)[_CHECKED:]))
    return raw


def poison_violations(client: MongoClient[dict[str, Any]], poisons: Sequence[Poison]) -> Iterator[str]:
    """Poison that a consumer did not park exactly once with its bytes and a reason, and unknown types that it parked."""
    for topic in {poison.topic for poison in poisons}:
        there = [poison for poison in poisons if poison.topic == topic]
        for service in BY_NAME[topic].subscribers:
            parked = _parked(client, service, topic)
            for poison in there:
                yield from (
                    f"poison `{poison.kind}` at {topic}/{poison.partition}/{poison.offset} {text} in {service}"
                    for text in _violations(poison, parked.get((poison.partition, poison.offset), []))
                )


def _parked(
    client: MongoClient[dict[str, Any]], service: str, topic: str
) -> Mapping[tuple[int, int], list[dict[str, Any]]]:
    found: dict[tuple[int, int], list[dict[str, Any]]] = {}
    for row in client[service]["parked"].find({"topic": topic}):
        found.setdefault((row["partition"], row["offset"]), []).append(row)
    return found


def _violations(poison: Poison, rows: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    wanted = int(poison.expect == "parked")
    if len(rows) != wanted:
        yield f"is parked {len(rows)} times instead of {wanted}"
        return
    for row in rows:
        if not row.get("reason") or (row["reason"] != "behind" and not row.get("detail")):
            yield "is parked without a reason"
        if row["value"] != poison.value:
            yield "is parked with other bytes"
