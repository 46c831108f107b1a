"""The five verdicts.

| verdict       | raised by          | a command gets    | an event is                                   |
|---------------|--------------------|-------------------|-----------------------------------------------|
| Refused       | domain, handlers   | 4xx and a reason  | parked, its key behind it, and alarmed        |
| Early         | handlers           | 409, try later    | held with its key until the document is there |
| Unavailable   | adapters, store    | 503, Retry-After  | tried again later, in order; never parked     |
| Poison        | decoding, store    | 400               | parked, its key behind it                     |
| anything else | a bug              | 500               | parked, its key behind it, and alarmed        |
"""

from collections.abc import Mapping
from dataclasses import dataclass, field


class Verdict(Exception):
    """One of the ways in which an input can end other than well."""


@dataclass
class Refused(Verdict):
    """The rules say no; `fix` tells whoever asked what would be accepted."""

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
    """A document is needed that another fact will bring; the input waits for it."""

    collection: str
    id: str

    def __str__(self) -> str:
        return f"waits for {self.collection}/{self.id}"


class Unavailable(Verdict):
    """Something outside is down, or conflicts do not end: the same input again, later."""


class Poison(Verdict):
    """The input can never be understood."""


class Conflict(Exception):
    """Another transaction wrote first; run this one again from its reads."""


class Unmatched(Conflict):
    """A document is not there as its guard says."""


class Fenced(Exception):
    """Somebody newer owns this partition, slot or lease."""


@dataclass
class Misuse(Exception):
    """The program broke a rule of the chassis; the text says which and how to keep it."""

    text: str
    hints: tuple[str, ...] = field(default=())

    def __str__(self) -> str:
        return self.text
