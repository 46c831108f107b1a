"""The sources of the account: the four databases, the topics and the mailbox, read without any service."""

import json
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.parser import BytesHeaderParser
from operator import methodcaller
from pathlib import Path
from typing import Any

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaException, TopicPartition
from pymongo import MongoClient
from pymongo.database import Database

from contracts.connection import Connection
from contracts.envelope import Malformed, read_envelope
from contracts.permissions import SERVICES
from contracts.topics import TOPICS
from stack.account_world import (
    APPLICATIONS,
    BUDGETS,
    CASES,
    DECISIONS,
    LEDGER,
    MESSAGES,
    PHOTOS,
    REPORTS,
    SESSIONS,
    SUCCESS,
    WAITING,
    Document,
    EventRecord,
    Leftover,
    LoggedRequest,
    Observations,
    ReceivedMail,
)
from stack.processes import StackError

READ_SECONDS = 60.0
NAMES = ("Message", "Report", "Template")
# Prefixes of the inbox ids of a registration command, in this version and the previous one.
RECEIPTS = ("command:RegisterReport:report:", "report:")
# The fields, beside `_id`, in which a document can hold the id of a refused report.
NAMING = ("state.report_id", "aggregateid", "correlation", "key")

Row = dict[str, Any]


@dataclass(frozen=True)
class Sources:
    """The addresses of all sources, and the start of the scenario in seconds since 1970.

    `start_offsets` holds the first offset to read by topic and partition; partitions without one are read from the beginning.
    """

    mongo: str
    kafka: Connection
    mails: Path
    since: float
    start_offsets: Mapping[tuple[str, int], int] = field(default_factory=dict)

    def read_stores(self, requests: Sequence[LoggedRequest]) -> Observations:
        """Reads the documents of the scenario and its outstanding work from the databases."""
        with self._client() as client:
            return self._stores(client, requests)

    def read_all(self, requests: Sequence[LoggedRequest]) -> Observations:
        """Reads all sources."""
        with self._client() as client:
            world = self._stores(client, requests)
            world.traces = list(_traces(client, requests))
            subjects = _subjects(requests, world.documents)
            world.facts, unreadable = read_topics(self.kafka, subjects, self.since, self.start_offsets)
            world.acknowledged = _acknowledged(client, [fact.id for fact in world.facts])
        world.leftovers = [*world.leftovers, *unreadable]
        world.mails = list(read_mailbox(self.mails, self.since))
        return world

    def _client(self) -> MongoClient[Row]:
        return MongoClient(self.mongo, tz_aware=True, serverSelectionTimeoutMS=10_000)

    def _stores(self, client: MongoClient[Row], requests: Sequence[LoggedRequest]) -> Observations:
        ids, talks = sorted(_accepted(requests)), sorted(_accepted(requests, "talk"))
        by_id, by_report = {"_id": {"$in": ids}}, {"state.report_id": {"$in": ids}}
        wanted: dict[str, Row] = dict.fromkeys((REPORTS, CASES, PHOTOS, WAITING), by_id)
        wanted |= dict.fromkeys((APPLICATIONS, MESSAGES), by_report) | {SESSIONS: {"_id": {"$in": talks}}}
        wanted |= {name: {} for name in (DECISIONS, BUDGETS, LEDGER)}  # budgets span all scenarios
        documents = {name: _find(client, name, where) for name, where in wanted.items()}
        subjects = _subjects(requests, documents)
        since = datetime.fromtimestamp(self.since, UTC)
        left = [one for name in SERVICES for one in _leftovers(client[name], name, subjects, since)]
        return Observations(requests, documents, leftovers=left)


def _accepted(requests: Iterable[LoggedRequest], step: str = "report") -> set[str]:
    return {one.report_id for one in requests if one.step == step and one.status in SUCCESS}


def _subjects(requests: Sequence[LoggedRequest], documents: Mapping[str, Sequence[Document]]) -> set[str]:
    applications = {str(one["_id"]) for one in documents[APPLICATIONS]}
    return _accepted(requests) | _accepted(requests, "talk") | applications


def _find(client: MongoClient[Row], name: str, where: Mapping[str, Any]) -> list[Document]:
    database, _, collection = name.partition(".")
    return [row for row in client[database][collection].find(where) if row.get("state") is not None]


def _leftovers(
    database: Database[Row], service: str, subjects: Iterable[str], since: datetime
) -> Iterator[Leftover]:
    names = sorted(subjects)
    ours: Row = {"$or": [{"correlation": {"$in": names}}, {"aggregateid": {"$in": names}}]}
    keys = [name.encode() for name in names]
    past: Row = {"due": {"$lt": datetime.now(UTC)}}
    parked: Row = {"$or": [{"key": {"$in": [*names, *keys]}}, {"parked_at": {"$gte": since}}]}
    for collection, what, where in (
        ("outbox", "an event that is not sent", ours | {"sent_at": None}),
        ("jobs", "a job that is not done", ours),
        ("timers", "a timer that is past its time", {"$and": [ours, past]}),
        ("parked", "a parked record", parked),
    ):
        for row in database[collection].find(where):
            owner = str(row.get("correlation") or _text(row.get("key")))
            kind = row.get("type") or row.get("kind") or row.get("reason")
            why = f": {row['detail']}" if row.get("detail") else ""
            yield Leftover(f"{what} in {service} ({kind}{why})", owner)


def _text(key: Any) -> str:
    return key.decode("utf-8", "replace") if isinstance(key, bytes) else str(key or "")


def _traces(client: MongoClient[Row], requests: Sequence[LoggedRequest]) -> Iterator[tuple[str, str]]:
    refused = {one.report_id for one in requests if one.step == "flawed"} - _accepted(requests)
    owners = {name: name for name in refused} | {
        f"{prefix}{name}": name for name in refused for prefix in RECEIPTS
    }
    conditions: list[Row] = [{field: {"$in": list(owners)}} for field in ("_id", *NAMING)]
    for service in SERVICES:
        for collection in sorted(client[service].list_collection_names()):
            for row in client[service][collection].find({"$or": conditions}):
                yield (
                    next((owners[one] for one in _names(row) if one in owners), ""),
                    f"{service}.{collection}",
                )


def _names(row: Row) -> Iterator[str]:
    yield str(row["_id"])
    yield str((row.get("state") or {}).get("report_id"))
    yield from (str(row.get(field)) for field in NAMING[1:])


def _acknowledged(client: MongoClient[Row], ids: Sequence[str]) -> dict[str, float]:
    """The time at which the acknowledgement of each event was stored."""
    found: dict[str, float] = {}
    for service in SERVICES:
        rows = client[service]["outbox"].find({"_id": {"$in": list(ids)}}, {"sent_at": 1})
        found |= {row["_id"]: row["sent_at"].timestamp() for row in rows if "sent_at" in row}
    return found


def read_topics(
    kafka: Connection,
    subjects: set[str],
    since: float,
    start_offsets: Mapping[tuple[str, int], int] | None = None,
) -> tuple[list[EventRecord], list[Leftover]]:
    """Reads all records about these subjects on all topics, up to the current end offsets.

    Malformed records written since `since` are returned separately. Raises StackError when reading takes longer than
    a minute.
    """
    consumer = Consumer(
        kafka.librdkafka() | {"group.id": "account-assigns-itself", "enable.auto.commit": False}
    )
    facts: list[EventRecord] = []
    unreadable: list[Leftover] = []
    try:
        for message in _records(consumer, start_offsets or {}):
            key, headers = _text(message.key()), headers_of(message) or []
            correlation = dict(headers).get("ce_correlationid") or b""
            if key in subjects or correlation.decode("utf-8", "replace") in subjects:
                _take(message, key, headers, facts, unreadable)
            elif message.timestamp()[1] >= since * 1000 and not _readable(headers):
                unreadable.append(Leftover(f"an unreadable record on {message.topic()}"))
    finally:
        consumer.close()
    return facts, unreadable


# methodcaller() reports the client library's decoding error at once: after a specialized call the interpreter may return
# incomplete headers and raise the error later.
_read_headers = methodcaller("headers")


def headers_of(message: Any) -> list[tuple[str, bytes | None]] | None:
    """The headers of a record; None when a name is not UTF-8."""
    try:
        return _read_headers(message) or []
    except (UnicodeDecodeError, SystemError):
        return None


def _records(consumer: Consumer, start_offsets: Mapping[tuple[str, int], int]) -> Iterator[Any]:
    left = {where: end for where, end in _ends(consumer).items() if end > start_offsets.get(where, 0)}
    consumer.assign([TopicPartition(*where, start_offsets.get(where, OFFSET_BEGINNING)) for where in left])
    deadline = time.monotonic() + READ_SECONDS
    while left:
        for message in consumer.consume(5000, 0.1):
            if message.error() is None:
                yield message
        for place in consumer.position([TopicPartition(*where) for where in left]):
            if place.offset >= left[place.topic, place.partition]:
                del left[place.topic, place.partition]
        if time.monotonic() > deadline:
            raise StackError(f"The account could not read {', '.join(sorted({topic for topic, _ in left}))}.")


def _ends(consumer: Consumer) -> dict[tuple[str, int], int]:
    """The end offset of every partition that is not empty."""
    ends: dict[tuple[str, int], int] = {}
    for topic in TOPICS:
        for partition in range(topic.partitions):
            first, end = _watermarks(consumer, TopicPartition(topic.name, partition))
            if end > first:
                ends[topic.name, partition] = end
    return ends


def _watermarks(consumer: Consumer, place: TopicPartition) -> tuple[int, int]:
    deadline = time.monotonic() + 10
    while True:
        try:
            found: tuple[int, int] = consumer.get_watermark_offsets(place, 10)
        except KafkaException as error:
            # A topic that was just created may have no leader yet.
            if time.monotonic() > deadline:
                raise StackError(f"The account cannot read {place.topic}: {error}") from error
            time.sleep(0.1)
        else:
            return found


def _readable(headers: Sequence[tuple[str, bytes | None]]) -> bool:
    try:
        read_envelope(headers)
    except Malformed:
        return False
    return True


def _take(
    message: Any,
    key: str,
    headers: Sequence[tuple[str, bytes | None]],
    facts: list[EventRecord],
    unreadable: list[Leftover],
) -> None:
    value = message.value() or b""
    try:
        envelope, body = read_envelope(headers), json.loads(value)
    except ValueError as error:
        unreadable.append(Leftover(f"an unreadable record on {message.topic()}: {error}", key))
        return
    written = b"\0".join(part for name, text in headers for part in (name.encode(), text or b""))
    facts.append(
        EventRecord(
            topic=message.topic(),
            partition=message.partition(),
            offset=message.offset(),
            key=key,
            id=envelope.id,
            type=envelope.type,
            source=envelope.source,
            subject=envelope.subject,
            sequence=envelope.sequence,
            time=envelope.time.timestamp(),
            body=body,
            raw=b"\0".join((message.key() or b"", value, written)),
        )
    )


def read_mailbox(folder: Path, since: float) -> Iterator[ReceivedMail]:
    """Every mail stored since `since`, in seconds since 1970; copies are included."""
    parser = BytesHeaderParser()
    for path in sorted(folder.glob("*.eml")):
        stored_at = float(path.name.partition("-")[0]) / 1e9
        if stored_at < since:
            continue
        with path.open("rb") as file:
            headers = parser.parse(file)
        message_id, report_id, template = (str(headers.get(f"X-Ascolto-{name}", "")) for name in NAMES)
        yield ReceivedMail(message_id, report_id, template, stored_at)
