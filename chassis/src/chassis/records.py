"""Records: what lies on a topic becomes an input; whatever is wrong with it is said in the input, never raised."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from chassis.inputs import Input, Lineage
from chassis.lenient import UNREADABLE
from chassis.parking import Record
from contracts.envelope import Malformed, UnknownType, read_envelope, read_event


def record_from(raw: Any) -> Record:
    """The record that the client library fetched."""
    return Record(raw.topic, raw.partition, raw.offset, raw.key, raw.value, raw.headers)


def read(record: Record, arrived_ms: int) -> Input:
    """Understand a record; an unknown type is marked, anything that cannot be understood carries its reason."""
    place = f"{record.topic}/{record.partition}/{record.offset}"
    lineage = Lineage(place)
    arrived = datetime.fromtimestamp(max(0, arrived_ms) / 1000, UTC)
    if record.headers and record.headers[0][0] == UNREADABLE:
        reason = (record.headers[0][1] or b"").decode("utf-8", "replace")
        return Input(place, None, arrived, record.key_text(), lineage, record=record, unreadable=reason)
    try:
        envelope = read_envelope(record.headers)
        lineage = Lineage(envelope.correlation_id, envelope.accepted_time, envelope.traceparent)
        body = read_event(envelope.type, record.value)
    except UnknownType:
        return Input(place, None, arrived, record.key_text(), Lineage(place), record=record, unknown=True)
    except (Malformed, ValueError, OverflowError, RecursionError, AttributeError, TypeError) as error:
        reason = f"{type(error).__name__}: {error}" if not isinstance(error, Malformed) else str(error)
        return Input(
            place, None, arrived, record.key_text(), Lineage(place), record=record, unreadable=reason
        )
    if record.key is None or body.subject != record.key.decode("utf-8", "replace"):
        reason = "the key is not the subject of the body"
        return Input(place, None, arrived, record.key_text(), lineage, record=record, unreadable=reason)
    return Input(envelope.id, body, envelope.time, body.subject, lineage, record=record)


def runs(records: Sequence[Any], next_offset: int) -> tuple[list[Any], int | None]:
    """The records that follow on from `next_offset` without a hole, and the offset after the hole if there is one."""
    ours = [raw for raw in records if raw.offset >= next_offset]
    for position, raw in enumerate(ours):
        if raw.offset != next_offset + position:
            return ours[:position], raw.offset
    return ours, None
