"""A debugging option: MongoDB requests per report by service, collection and command, recorded by mongod's profiler.

The profiler writes a document for each request, so nothing else is measured while it runs.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from bench.engines import Engines
from contracts.permissions import SERVICES

Key = tuple[str, str, str]  # service, collection, command
PROFILE, PROFILE_BYTES = "system.profile", 128 * 1024**2
DATABASES = (*SERVICES, "admin")
NO_COLLECTION = "(none)"
OPERATIONS = {
    "insert": "insert",
    "update": "update",
    "remove": "delete",
    "query": "find",
    "getmore": "getMore",
}


@contextmanager
def profiled(engines: Engines) -> Iterator[Counter[Key]]:
    """Record every request of the services; the counter is filled at the end."""
    found: Counter[Key] = Counter()
    for name in DATABASES:
        engines.client[name].drop_collection(PROFILE)
        engines.client[name].create_collection(PROFILE, capped=True, size=PROFILE_BYTES)
        engines.client[name].command("profile", 2)
    try:
        yield found
    finally:
        for name in DATABASES:
            engines.client[name].command("profile", 0)
            found += count(engines.client[name][PROFILE].find())
            engines.client[name].drop_collection(PROFILE)


def count(entries: Iterable[Mapping[str, Any]]) -> Counter[Key]:
    """The requests of services in the profiler's entries."""
    found: Counter[Key] = Counter()
    for entry in entries:
        service = str(entry.get("user", "")).partition("@")[0]
        if service in SERVICES:
            collection = str(entry["ns"]).partition(".")[2].removeprefix("$cmd") or NO_COLLECTION
            found[service, collection, _command(entry)] += 1
    return found


def _command(entry: Mapping[str, Any]) -> str:
    if name := OPERATIONS.get(str(entry["op"])):
        return name
    return str(next(iter(entry.get("command", {})), entry["op"]))


def lines(found: Counter[Key], reports: int, limit: float = 0.05) -> Iterator[str]:
    """Markdown rows, the most frequent first, with idle work included; rare ones are left out."""
    yield "| service | collection | command | requests per report |"
    yield "|---|---|---|---:|"
    for (service, collection, command), number in found.most_common():
        if number / reports >= limit:
            yield f"| {service} | {collection} | {command} | {number / reports:.2f} |"
