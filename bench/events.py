"""The events of a run: intake's reports with envelopes, the same for the same seed."""

import random
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from contracts.envelope import Envelope
from contracts.intake import ReportRegistered

START = datetime(2026, 11, 20, 8, 0, tzinfo=UTC)
KINDS = ("technical", "technical", "administrative", "social", "contribution")
CATEGORIES = {
    "technical": ("lift-stopped", "roof-leak", "heating-off", "street-lights", "broken-door"),
    "administrative": ("rent-statement", "transfer-request", "household-change"),
    "social": ("loneliness", "conflict-between-neighbours", "frail-tenant"),
    "contribution": ("rent-arrears", "utility-bills"),
}
PROVINCES = ("bg", "lc", "so")
LANGUAGES = ("it", "it", "it", "it", "en", "fr", "ar")
CHANNELS = ("web", "web", "phone", "operator", "api")


@dataclass(frozen=True, slots=True)
class EventRecord:
    """One record of the topic."""

    id: str
    subject: str
    headers: list[tuple[str, bytes]]
    body: bytes
    at: datetime


def reports(seed: int, count: int) -> Iterator[EventRecord]:
    """ReportRegistered events, each about a different subject."""
    rng = random.Random(seed)
    for number in range(count):
        at = START + timedelta(milliseconds=number)
        event = _report(rng, at)
        envelope = Envelope(
            id=_id(rng),
            type=event.type_tag,
            source="/ascolto/intake",
            subject=event.report_id,
            time=at,
            sequence=1,
            correlation_id=f"report:{event.report_id}",
            causation_id=event.report_id,
            accepted_time=at,
        )
        yield EventRecord(envelope.id, event.report_id, envelope.headers(), event.body(), at)


def _report(rng: random.Random, at: datetime) -> ReportRegistered:
    kind = rng.choice(KINDS)
    province = rng.choice(PROVINCES)
    quarter = f"{province}-quartiere-{rng.randrange(12):02d}"
    return ReportRegistered(
        report_id=_id(rng),
        category=rng.choice(CATEGORIES[kind]),
        kind=kind,
        urgency=rng.choice(("e1", "u", "n", "a", "s")),
        place_id=f"{quarter}-stabile-{rng.randrange(40):02d}",
        neighbourhood=quarter,
        province=province,
        channel=rng.choice(CHANNELS),
        language=rng.choice(LANGUAGES),
        heard_at=at - timedelta(seconds=rng.randrange(36_000)),
    )


def _id(rng: random.Random) -> str:
    return str(uuid.UUID(int=rng.getrandbits(128), version=4))


def outbox_row(record: EventRecord, topic: str, slot: int) -> dict[str, Any]:
    """The event as an outbox row: committed, not yet sent."""
    return {
        "_id": record.id,
        "slot": slot,
        "stamp": int(record.at.timestamp() * 1000),
        "after": 0,
        "aggregatetype": topic,
        "aggregateid": record.subject,
        "type": ReportRegistered.type_tag,
        "sequence": 1,
        "time": record.at,
        "causation": record.subject,
        "payload": record.body,
        "correlation": f"report:{record.subject}",
        "accepted": record.at,
        "traceparent": None,
    }
