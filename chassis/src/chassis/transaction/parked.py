"""Sequenced parking: a record that cannot be handled is parked, later records of its key queue behind it, all other keys continue."""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from chassis.documents import Raw
from chassis.ids import derive
from contracts.ops import KeyResumed, KeyStalled

UNREADABLE = "ascolto-unreadable"  # the only header of an opaque record: why its batch is unreadable
_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@dataclass(slots=True)
class Record:
    """A Kafka record; `opaque` when only its batch is known, whose bytes the first record of the batch has as value."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes | None]]
    opaque: bool = False

    def key_text(self) -> str:
        """The key as text; a record without a key gets a key of its own."""
        if self.key is None:
            return f"({self.partition}:{self.offset})"
        text = self.key.decode("utf-8", "backslashreplace")
        return text if len(text) <= 200 else "sha256:" + hashlib.sha256(self.key).hexdigest()


@dataclass
class ParkedKey:
    """The one document of a parked key; parking, replaying and releasing all write it, so they conflict instead of interleaving."""

    id: str
    topic: str
    key: str
    version: int = 0
    size: int = 0
    next: int = 0
    ready: bool = False
    awaits: str = ""
    since: datetime | None = None
    sequence: int = 0
    stamp: int = 0
    stored: bool = False
    added: list[Raw] = field(default_factory=list)

    @classmethod
    def read(cls, id: str, topic: str, key: str, raw: Raw | None) -> "ParkedKey":  # noqa: A002
        """The stored parked key, or a new one."""
        if raw is None:
            return cls(id, topic, key)
        return cls(
            id,
            raw["topic"],
            raw["key"],
            raw["version"],
            raw["size"],
            raw["next"],
            raw["ready"],
            raw["awaits"],
            raw["since"],
            raw["said"],
            raw["stamp"],
            stored=True,
        )

    def raw(self) -> Raw:
        """The document to store, with the next version."""
        return {
            "_id": self.id,
            "topic": self.topic,
            "key": self.key,
            "version": self.version + 1,
            "size": self.size,
            "next": self.next,
            "ready": self.ready,
            "awaits": self.awaits,
            "since": self.since,
            "said": self.sequence,
            "stamp": self.stamp,
        }

    def park(self, record: Record, reason: str, detail: str, now: datetime) -> None:
        """Append a record to the queue, with its bytes and the reason."""
        self.since = self.since if self.size else now
        self.added.append(
            {
                "_id": f"{self.id}#{self.next:08d}",
                "head": self.id,
                "reason": reason,
                "detail": detail[:2000],
                "topic": record.topic,
                "partition": record.partition,
                "offset": record.offset,
                "key": record.key,
                "value": record.value,
                "headers": [[name, value] for name, value in record.headers],
                "opaque": record.opaque,
                "parked_at": now,
            }
        )
        self.next += 1
        self.size += 1


def stalled(parked_key: ParkedKey, group: str, reason: str) -> KeyStalled:
    """The event that this key has stopped."""
    known = _ID.fullmatch(parked_key.key)
    return KeyStalled(
        stall_id=derive(parked_key.id, "stall"),
        consumer=group,
        heard_topic=parked_key.topic,
        subject_id=parked_key.key if known else None,
        reason="failed"
        if reason == "refused"
        else reason,  # the contract has no `refused`: a handler never refuses an event by design
        since=parked_key.since or datetime.fromtimestamp(0, UTC),
    )


def resumed(parked_key: ParkedKey, group: str) -> KeyResumed:
    """The event that nothing is parked under this key any more."""
    return KeyResumed(stall_id=derive(parked_key.id, "stall"), consumer=group, heard_topic=parked_key.topic)


def parked_key_id(group: str, topic: str, key: str) -> str:
    """The id of a parked key of one consumer group."""
    return f"{group}|{topic}|{key}"


def receipt_id(record: Record) -> str:
    """The receipt of a parked record: its offset and a hash of its bytes, because a topic can be deleted and created again."""
    whole = hashlib.blake2b(digest_size=16)
    for part in (record.key, record.value, *(part for header in record.headers for part in header)):
        whole.update(repr(part).encode() + b"\0")
    return f"parked:{record.topic}/{record.partition}/{record.offset}:{whole.hexdigest()}"


def record_of(row: Raw) -> Record:
    """The record in a parked row."""
    return Record(
        row["topic"],
        row["partition"],
        row["offset"],
        row["key"],
        row["value"],
        tuple((name, value) for name, value in row["headers"]),
        row.get("opaque", _parked_opaque(row)),
    )


def _parked_opaque(row: Raw) -> bool:
    """Builds before the field `opaque` parked a record of an unreadable batch without a key and with this one header."""
    return row["key"] is None and [name for name, _ in row["headers"]] == [UNREADABLE]
