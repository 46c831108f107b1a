"""Decodes Kafka records into inputs; whatever is wrong with a record is stored in the input, never raised."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from aiokafka import TopicPartition

from chassis.consumer.raw_fetch import Opaque, Unreadable, read_batch
from chassis.transaction.inputs import Input, Lineage, Source
from chassis.transaction.parked import Record
from contracts.envelope import Malformed, UnknownType, read_envelope, read_event

# The producer chooses a record's timestamp; Python's datetime ends here.
LAST_MS = int(datetime(9999, 12, 31, tzinfo=UTC).timestamp() * 1000)


def record_from(raw: Any) -> Record:
    """Convert a record of the client library."""
    return Record(
        raw.topic, raw.partition, raw.offset, raw.key, raw.value, raw.headers, raw.__class__ is Opaque
    )


def read(record: Record, arrived_ms: int) -> Input:
    """Decode a record; an unknown type is marked, and an undecodable record carries the reason."""
    if record.opaque:
        return _unreadable(record, arrived_ms, (record.headers[0][1] or b"").decode("utf-8", "replace"))
    try:
        envelope = read_envelope(record.headers)
        body = read_event(envelope.type, record.value)
        key = record.key.decode() if record.key is not None else None
    except UnknownType:
        return replace(_unreadable(record, arrived_ms, ""), unreadable=None, unknown=True)
    except Malformed as malformed:
        return _unreadable(record, arrived_ms, str(malformed))
    except (ValueError, OverflowError, RecursionError, AttributeError, TypeError) as error:
        return _unreadable(record, arrived_ms, f"{type(error).__name__}: {error}")
    if key != body.subject:
        return _unreadable(record, arrived_ms, "the key is not the subject of the body")
    lineage = Lineage(envelope.correlation_id, envelope.accepted_time, envelope.traceparent)
    return Input(envelope.id, body, envelope.time, key, lineage, record=record)


def _unreadable(record: Record, arrived_ms: int, reason: str) -> Input:
    place = f"{record.topic}/{record.partition}/{record.offset}"
    arrived = datetime.fromtimestamp(min(max(0, arrived_ms), LAST_MS) / 1000, UTC)
    return Input(
        f"record:{place}",
        None,
        arrived,
        record.key_text(),
        Lineage(place),
        record=record,
        unreadable=reason,
        source=Source.OWN,
    )


def contents(record: Record) -> list[Input]:
    """The records of the batch that is stored with an opaque record, from its offset on; raises Unreadable.

    Empty when the batch is stored with another record.
    """
    if record.value is None:
        return []
    raws = read_batch(TopicPartition(record.topic, record.partition), record.value)
    offsets = [raw.offset for raw in raws]
    if record.offset not in offsets:
        raise Unreadable(f"the batch has no record {record.offset}")
    return [read(record_from(raw), raw.timestamp) for raw in raws if raw.offset >= record.offset]


def contiguous(records: Sequence[Any], next_offset: int) -> tuple[list[Any], int | None]:
    """The records from `next_offset` up to the first gap, and the offset after the gap if there is one."""
    ours = [raw for raw in records if raw.offset >= next_offset]
    for position, raw in enumerate(ours):
        if raw.offset != next_offset + position:
            return ours[:position], raw.offset
    return ours, None
