"""What comes in, from wherever: one shape for events, commands, timers and results of jobs; and how each ended."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from chassis.documents import Raw
from chassis.transaction.parked import Record


@dataclass(slots=True)  # these three are made once per event: frozen ones cost three times as much
class Lineage:
    """Where an input comes from: the report it belongs to in the end, and when that was accepted."""

    correlation: str
    accepted: datetime | None = None
    traceparent: str | None = None

    def raw(self) -> Raw:
        """The stored form."""
        return {"correlation": self.correlation, "accepted": self.accepted, "traceparent": self.traceparent}

    @classmethod
    def of(cls, row: Raw) -> "Lineage":
        """What was stored."""
        return cls(row["correlation"], row["accepted"], row["traceparent"])


class Source(StrEnum):
    """Who chose the id of an input."""

    EVENT = "event"  # whoever published it
    COMMAND = "command"  # whoever called
    OWN = "own"  # this service, with a prefix of its own: `timer:`, `job:`, `record:`


_EVENT = Source.EVENT  # an enumeration's own name is looked up in 50 ns, several times an event


@dataclass(slots=True)
class Input:
    """One thing to handle once; `name` is what makes it the same when it comes again.

    `consumes` names the timer or job document that goes away with it: when that is gone, it was handled before.
    `unreadable` is why the body could not be understood; `unknown` says that its type has no meaning here.
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
        """The name of its receipt and of the cause of all that follows from it; inputs of two sources never share one.

        Only the id of an event stands alone, and only without a colon; every other name begins with a word and a colon.
        """
        if self.source is _EVENT:
            return f"event:{self.id}" if ":" in self.id else self.id
        return f"command:{type(self.body).__name__}:{self.id}" if self.source is Source.COMMAND else self.id


class Result(StrEnum):
    """How an input ended; the label of its metric."""

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
    """How one input ended, and what whoever asked is told."""

    input: Input
    result: Result
    answer: Mapping[str, Any] | None = None
    error: Exception | None = None
