"""Rows of the outbox: committed events, one document each, with the field names of Debezium's outbox; unsent ones have a slot."""

from datetime import datetime

from chassis.documents import EventPosition, Raw
from chassis.errors import Misuse
from chassis.ids import derive, slot_of
from chassis.transaction.inputs import Lineage
from chassis.transaction.parked import ParkedKey, Record
from contracts.base import Event
from contracts.topics import BY_NAME, dead_letter_topic

_MIRRORED_BYTES = 200_000


def fact_row(
    event: Event, event_id: str, place: EventPosition, slots: int, cause: tuple[str, datetime, Lineage]
) -> Raw:
    """The row of an event at its position; `cause` is the input, its time and its lineage."""
    payload, topic, subject = event.body(), event.topic, event.subject
    limit = BY_NAME[topic].max_record_bytes
    if len(payload) > limit:
        raise Misuse(f"{event.type_tag} has {len(payload)} bytes; {topic} allows {limit}")
    causation, time, lineage = cause
    return {
        "_id": event_id,
        "slot": slot_of(subject, slots),
        "stamp": place.stamp,
        "after": place.after,
        "aggregatetype": topic,
        "aggregateid": subject,
        "type": event.type_tag,
        "sequence": place.sequence,
        "time": time,
        "causation": causation,
        "payload": payload,
        "correlation": lineage.correlation,
        "accepted": lineage.accepted,
        "traceparent": lineage.traceparent,
    }


def stall_row(service: str, slots: int, parked_key: ParkedKey, event: Event, now: datetime) -> Raw:
    """The row of the event that a key has stopped or resumed; the parked key keeps its own sequence."""
    parked_key.sequence += 1
    name = derive(f"{service}/{parked_key.id}", f"stall/{parked_key.sequence}")
    after, parked_key.stamp = parked_key.stamp, max(parked_key.stamp + 1, int(now.timestamp() * 1000))
    place = EventPosition(parked_key.sequence, parked_key.stamp, after)
    return fact_row(event, name, place, slots, (parked_key.id, now, Lineage(event.subject)))


def mirror_row(service: str, slots: int, parked_id: str, record: Record, reason: str, now: datetime) -> Raw:
    """The row of a copy of a parked record for its dead-letter topic: original bytes and headers, and the reason."""
    value = record.value
    cut = value is not None and len(value) > _MIRRORED_BYTES
    place = f"{record.topic}/{record.partition}/{record.offset}"
    added = [("dlq_reason", reason), ("dlq_origin", place), ("dlq_consumer", service)]
    added += [("dlq_truncated", "true")] if cut else []
    return {
        "_id": derive(f"{service}/{parked_id}", "mirror"),
        "slot": slot_of(parked_id, slots),
        "stamp": int(now.timestamp() * 1000),
        "after": 0,
        "aggregatetype": dead_letter_topic(record.topic, service),
        "aggregateid": record.key_text(),
        "type": "(mirror)",
        "key": record.key,
        "headers": [*([name, value] for name, value in record.headers), *([n, t.encode()] for n, t in added)],
        "payload": value[:_MIRRORED_BYTES] if cut and value is not None else value,
        "time": now,
    }
