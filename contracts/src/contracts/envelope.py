"""The envelope: CloudEvents 1.0 in binary mode of the Kafka protocol binding."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import NamedTuple

from contracts.base import Event
from contracts.instants import read_instant
from contracts.topics import BY_TYPE
from contracts.upcasting import UPCASTS, CannotUpcast, Upcasts

SPEC_VERSION = b"1.0"
CONTENT_TYPE = b"application/json"
SCHEMA_BASE = "https://ascolto.example/contracts/"

Headers = Sequence[tuple[str, bytes | None]]


class UnknownType(Exception):
    """The type of a well-formed record is unknown: skip the record and count it."""


class Malformed(ValueError):
    """The record is malformed; the text names the header or field and the reason."""


class Envelope(NamedTuple):
    """The attributes of an event; `sequence` is contiguous from 1 for each (source, subject)."""

    id: str
    type: str
    source: str
    subject: str
    time: datetime
    sequence: int
    correlation_id: str
    causation_id: str | None = None
    accepted_time: datetime | None = None
    traceparent: str | None = None

    def headers(self) -> list[tuple[str, bytes]]:
        """The Kafka headers: first the attributes, then the extensions."""
        subject = self.subject.encode()
        rows = [
            *_of_type(self.type),
            ("ce_id", self.id.encode()),
            ("ce_source", self.source.encode()),
            ("ce_subject", subject),
            ("ce_time", instant_text(self.time).encode()),
            ("ce_partitionkey", subject),
            ("ce_sequence", b"%010d" % self.sequence),
            ("ce_correlationid", self.correlation_id.encode()),
        ]
        if self.causation_id:
            rows.append(("ce_causationid", self.causation_id.encode()))
        if self.accepted_time:
            rows.append(("ce_acceptedtime", instant_text(self.accepted_time).encode()))
        if self.traceparent:
            rows.append(("ce_traceparent", self.traceparent.encode()))
        return rows


def instant_text(moment: datetime) -> str:
    """RFC 3339 in UTC with milliseconds."""
    text = moment.isoformat(timespec="milliseconds")
    return text[:-6] + "Z" if text.endswith("+00:00") else instant_text(moment.astimezone(UTC))


@lru_cache(maxsize=256)
def _of_type(type_tag: str) -> tuple[tuple[str, bytes], ...]:
    """The headers that all records of a type share."""
    return (
        ("content-type", CONTENT_TYPE),
        ("ce_specversion", SPEC_VERSION),
        ("ce_type", type_tag.encode()),
        ("ce_dataschema", f"{SCHEMA_BASE}{type_tag}.json".encode()),
    )


_LONGEST = 512


def read_envelope(headers: Iterable[tuple[str, bytes | None]]) -> Envelope:
    """The envelope of a record's headers; raises Malformed with the header and the reason."""
    raw = dict(headers)
    try:
        return Envelope(
            _text(raw, "ce_id"),
            _text(raw, "ce_type"),
            _text(raw, "ce_source"),
            _text(raw, "ce_subject"),
            _time(raw, "ce_time"),
            _number(raw, "ce_sequence"),
            _text(raw, "ce_correlationid"),
            _text(raw, "ce_causationid") if "ce_causationid" in raw else None,
            _time(raw, "ce_acceptedtime") if "ce_acceptedtime" in raw else None,
            _text(raw, "ce_traceparent") if "ce_traceparent" in raw else None,
        )
    except UnicodeDecodeError as error:
        raise Malformed(f"a header is not UTF-8 text: {error.reason}") from error


def read_event(type_tag: str, body: bytes | None, upcasts: Upcasts = UPCASTS) -> Event:
    """The event of a body, upcast from an old version when needed; raises UnknownType, or Malformed with the field."""
    model = BY_TYPE.get(type_tag)
    if model is None and type_tag not in upcasts:
        raise UnknownType(type_tag)
    if not body:
        raise Malformed(f"{type_tag}: the body is empty; an event needs a JSON object")
    if model is None:
        try:
            type_tag, body = upcasts.upcast(type_tag, body)
        except CannotUpcast as error:
            raise Malformed(f"{type_tag}: {error}") from error
        model = BY_TYPE[type_tag]
    try:
        return model.read(body)
    except ValueError as error:
        raise Malformed(_explain(type_tag, error)) from error


def _explain(type_tag: str, error: ValueError) -> str:
    details = getattr(error, "errors", None)
    if details is None:
        return f"{type_tag}: {error}"
    first = details(include_input=False, include_url=False)[0]
    field = ".".join(str(part) for part in first["loc"]) or "body"
    return f"{type_tag}: {field}: {first['msg']}"


def _text(raw: dict[str, bytes | None], name: str) -> str:
    value = raw.get(name)
    if not value:
        raise Malformed(f"header {name} is missing or empty")
    if len(value) > _LONGEST:
        raise Malformed(f"header {name} is longer than {_LONGEST} bytes")
    return value.decode()


def _number(raw: dict[str, bytes | None], name: str) -> int:
    text = _text(raw, name)
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        raise Malformed(f"header {name} is not a number of at most 18 digits")
    return int(text)


def _time(raw: dict[str, bytes | None], name: str) -> datetime:
    text = _text(raw, name)
    try:
        moment = read_instant(text)
        return moment if moment.tzinfo is UTC else moment.astimezone(UTC)
    except ValueError as error:
        raise Malformed(f"header {name} is not an RFC 3339 time in the supported range") from error
