"""The examples of every event, valid and invalid, and their records byte for byte."""

import json
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

from contracts.base import Event
from contracts.envelope import SCHEMA_BASE, Envelope
from contracts.partitions import partition_of
from contracts.schemas import HEADERS
from contracts.topics import BY_NAME

# The folder with examples, baselines and generated files; it is not part of the installed package.
HOME = Path(__file__).resolve().parents[2]
FEWEST = 3
HEADER_NAMES = tuple(name for name, *_ in HEADERS)
NOON = datetime(2026, 11, 20, 12, 0, 0, 250_000, tzinfo=UTC)
TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@dataclass(frozen=True)
class Example:
    """A valid body with its summary."""

    name: str
    summary: str
    body: dict[str, Any]


@dataclass(frozen=True)
class Invalid:
    """A body that must be refused: by whom, because of which field, and why."""

    name: str
    why: str
    field: str
    refused_by: Literal["everyone", "producers"]
    body: dict[str, Any]


def examples(event: type[Event], home: Path = HOME) -> list[Example]:
    """The examples of an event, in the order of its file; none when there is no file."""
    return [Example(name, **row) for name, row in _rows(home / "examples" / f"{event.type_tag}.json")]


def invalid(event: type[Event], home: Path = HOME) -> list[Invalid]:
    """The invalid bodies of an event; none when there is no file."""
    return [Invalid(name, **row) for name, row in _rows(home / "invalid" / f"{event.type_tag}.json")]


def envelope_of(event: Event, name: str, place: int) -> Envelope:
    """The envelope of an example: the first has all attributes, the second only the required ones."""
    report = str(getattr(event, "report_id", event.subject))
    return Envelope(
        id=_id(event.type_tag, name),
        type=event.type_tag,
        source=f"/ascolto/{getattr(event, 'consumer', BY_NAME[event.topic].owner)}",
        subject=event.subject,
        time=NOON + timedelta(minutes=place),
        sequence=place + 1,
        correlation_id=f"report:{report}",
        causation_id=None if place == 1 else _id("cause", name),
        accepted_time=None if place == 1 else NOON,
        traceparent=TRACE if place == 0 else None,
    )


def record(event: Event, envelope: Envelope) -> dict[str, Any]:
    """A record as text: the UTF-8 decoded bytes of the topic. The order of headers is not guaranteed."""
    written = {name: value.decode() for name, value in envelope.headers()}
    return {
        "topic": event.topic,
        "partition": partition_of(event.subject, BY_NAME[event.topic].partitions),
        "key": event.subject,
        "headers": {name: written[name] for name in HEADER_NAMES if name in written},
        "value": event.body().decode(),
    }


def golden(event: type[Event], home: Path = HOME) -> list[dict[str, Any]]:
    """The records of the examples of an event."""
    made = []
    for place, example in enumerate(examples(event, home)):
        fact = event.read(json.dumps(example.body).encode())
        made.append({"example": example.name} | record(fact, envelope_of(fact, example.name, place)))
    return made


def _id(*words: str) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_URL, SCHEMA_BASE + "/".join(words)))


def _rows(path: Path) -> list[tuple[str, dict[str, Any]]]:
    return list(json.loads(path.read_text()).items()) if path.exists() else []
