"""The events of a run: reports as intake says them, envelope included, the same ones for the same seed."""

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
class Said:
    """One record as it lies on the topic."""

    id: str
    subject: str
    headers: list[tuple[str, bytes]]
    body: bytes
    at: datetime


def reports(seed: int, count: int) -> Iterator[Said]:
    """Registered reports, each about another subject."""
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
        yield Said(envelope.id, event.report_id, envelope.headers(), event.body(), at)


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


def stored(said: Said, topic: str, slot: int) -> dict[str, Any]:
    """The same fact as a row of an outbox, committed and not sent."""
    return {
        "_id": said.id,
        "slot": slot,
        "stamp": int(said.at.timestamp() * 1000),
        "after": 0,
        "aggregatetype": topic,
        "aggregateid": said.subject,
        "type": ReportRegistered.type_tag,
        "sequence": 1,
        "time": said.at,
        "causation": said.subject,
        "payload": said.body,
        "correlation": f"report:{said.subject}",
        "accepted": said.at,
        "traceparent": None,
    }
