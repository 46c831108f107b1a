"""A debugging option: requests and document writes per report by service, collection and command, from mongod's profiler.

The profiler writes a document for each request, so nothing else is measured while it runs.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from bench.engines import Engines
from contracts.permissions import SERVICES

Key = tuple[str, str, str]  # service, collection, command
PROFILE, PROFILE_BYTES = "system.profile", 128 * 1024**2
DATABASES = (*SERVICES, "admin")
NO_COLLECTION = "(none)"
WRITTEN = ("ninserted", "nModified", "nUpserted", "ndeleted")
OPERATIONS = {
    "insert": "insert",
    "update": "update",
    "remove": "delete",
    "query": "find",
    "getmore": "getMore",
}


@dataclass
class Count:
    """Requests of one kind, and the documents that they inserted, changed or deleted."""

    requests: int = 0
    writes: int = 0


Found = dict[Key, Count]


@contextmanager
def profiled(engines: Engines) -> Iterator[Found]:
    """Record every request of the services; the counts are filled at the end."""
    found: Found = defaultdict(Count)
    for name in DATABASES:
        engines.client[name].drop_collection(PROFILE)
        engines.client[name].create_collection(PROFILE, capped=True, size=PROFILE_BYTES)
        engines.client[name].command("profile", 2)
    try:
        yield found
    finally:
        for name in DATABASES:
            engines.client[name].command("profile", 0)
            count(engines.client[name][PROFILE].find(), found)
            engines.client[name].drop_collection(PROFILE)


def count(entries: Iterable[Mapping[str, Any]], into: Found) -> None:
    """Add the requests of services in the profiler's entries."""
    for entry in entries:
        service = str(entry.get("user", "")).partition("@")[0]
        if service in SERVICES:
            collection = str(entry["ns"]).partition(".")[2].removeprefix("$cmd") or NO_COLLECTION
            one = into[service, collection, _command(entry)]
            one.requests += 1
            one.writes += sum(entry.get(name, 0) for name in WRITTEN)


def _command(entry: Mapping[str, Any]) -> str:
    if name := OPERATIONS.get(str(entry["op"])):
        return name
    return str(next(iter(entry.get("command", {})), entry["op"]))


def lines(found: Found, reports: int, limit: float = 0.05) -> Iterator[str]:
    """Markdown rows, the most frequent first, with idle work included; rare ones are left out."""
    yield "| service | collection | command | requests per report | documents written |"
    yield "|---|---|---|---:|---:|"
    for names, one in sorted(found.items(), key=lambda item: -item[1].requests):
        if max(one.requests, one.writes) / reports >= limit:
            yield f"| {' | '.join(names)} | {one.requests / reports:.2f} | {one.writes / reports:.2f} |"
