"""The one shape of events, commands, timers and job results, and how each of them ends."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from chassis.documents import Raw
from chassis.transaction.parked import Record


@dataclass(slots=True)  # created for every event: a frozen dataclass costs three times as much
class Lineage:
    """The report that an input belongs to, and when that report was accepted."""

    correlation: str
    accepted: datetime | None = None
    traceparent: str | None = None

    def raw(self) -> Raw:
        """The stored form."""
        return {"correlation": self.correlation, "accepted": self.accepted, "traceparent": self.traceparent}

    @classmethod
    def of(cls, row: Raw) -> "Lineage":
        """The lineage in a stored row."""
        return cls(row["correlation"], row["accepted"], row["traceparent"])


class Source(StrEnum):
    """Who chose the id of an input."""

    EVENT = "event"  # the publisher
    COMMAND = "command"  # the caller
    OWN = "own"  # this service, with a prefix of its own: `timer:`, `job:`, `record:`


_EVENT = Source.EVENT  # an attribute lookup on an enumeration takes 50 ns, several times per event


@dataclass(slots=True)
class Input:
    """One thing to handle once; two inputs with the same `name` are the same input.

    `consumes` names the timer or job document that is deleted with it: when that document is missing, the input was handled.
    `unreadable` is why the body could not be decoded; `unknown` is true for a type that this service does not know.
    """

    id: str
    body: Any
    now: datetime
    key: str
    lineage: Lineage
    fingerprint: str | None = None
    record: Record | None = None
    consumes: tuple[str, str] | None = None
    unreadable: str | None = None
    unknown: bool = False
    replayed: bool = False
    source: Source = Source.EVENT

    @property
    def name(self) -> str:
        """The name of its receipt, and the cause of everything derived from it; inputs of two sources never share one.

        Only an event's id without a colon is used as it is; every other name starts with a word and a colon.
        """
        if self.source is _EVENT:
            return f"event:{self.id}" if ":" in self.id else self.id
        return f"command:{type(self.body).__name__}:{self.id}" if self.source is Source.COMMAND else self.id


class Result(StrEnum):
    """How an input ended; also the value of a metric label."""

    DONE = "done"
    IGNORED = "ignored"
    UNKNOWN = "unknown"
    AGAIN = "again"
    REFUSED = "refused"
    EARLY = "early"
    PARKED = "parked"
    BEHIND = "behind"
    FAILED = "failed"


@dataclass(slots=True)
class Outcome:
    """How one input ended, and the answer for the caller."""

    input: Input
    result: Result
    answer: Mapping[str, Any] | None = None
    error: Exception | None = None
