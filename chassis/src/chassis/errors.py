"""The errors with a meaning for the runtime.

| error         | raised by          | a command gets    | an event is                                    |
|---------------|--------------------|-------------------|------------------------------------------------|
| Refused       | domain, handlers   | 4xx and a reason  | parked, its key behind it, and alerted         |
| Early         | handlers           | 409, try later    | parked with its key until the document exists  |
| Unavailable   | adapters, store    | 503, Retry-After  | retried later, in order; never parked          |
| Poison        | decoding, store    | 400               | parked, its key behind it                      |
| anything else | a bug              | 500               | parked, its key behind it, and alerted         |
"""

from collections.abc import Mapping
from dataclasses import dataclass, field


class Verdict(Exception):
    """The base of the errors below."""


@dataclass
class Refused(Verdict):
    """A rule forbids it; `fix` says what would be accepted."""

    slug: str
    detail: str
    status: int = 409
    field: str | None = None
    fix: str | None = None
    headers: Mapping[str, str] | None = None

    def __str__(self) -> str:
        return f"{self.slug}: {self.detail}"


@dataclass
class Early(Verdict):
    """A document is missing that another event will create; the input waits for it."""

    collection: str
    id: str

    def __str__(self) -> str:
        return f"waits for {self.collection}/{self.id}"


class Unavailable(Verdict):
    """A dependency is down, or conflicts do not end: retry the same input later."""


class Poison(Verdict):
    """The input can never be decoded or stored."""


class Conflict(Exception):
    """Another transaction wrote first; run this one again from its reads."""


class Unmatched(Conflict):
    """A document does not match its guard."""


class Fenced(Exception):
    """A newer owner has this partition, shard or lease."""


@dataclass
class Misuse(Exception):
    """The program violates a rule of chassis; the text says which and how to comply."""

    text: str
    hints: tuple[str, ...] = field(default=())

    def __str__(self) -> str:
        return self.text
