"""Invariants between topics and databases: every record was committed by its service, every record marked as sent is on
its topic, and every consumed record has a receipt, is parked, or does not concern its consumer.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from importlib import import_module
from typing import Any

from pydantic import ValidationError
from pymongo import MongoClient

from chassis.handling import Reactions
from contracts.permissions import SERVICES
from contracts.topics import BY_NAME, BY_TYPE
from stack.account_world import EventRecord

_CHUNK = 10_000
_FIELDS = {"aggregateid": 1, "type": 1, "key": 1, "correlation": 1}
Client = MongoClient[dict[str, Any]]
Coordinates = tuple[str, int, int]


def topic_violations(
    client: Client, facts: Sequence[EventRecord], subjects: set[str], since: float
) -> Iterator[str]:
    """Every violation between the topics and the databases of one period."""
    for service in SERVICES:
        yield from _ghosts(client, service, facts)
        yield from _missing(client, service, facts, subjects, since)
        yield from _unhandled(client, service, facts)


def _ghosts(client: Client, service: str, facts: Sequence[EventRecord]) -> Iterator[str]:
    """Records on topics that no transaction of their service committed."""
    ids = {fact.id for fact in facts if fact.source == f"/ascolto/{service}"}
    known = _existing(client, service, "outbox", ids)
    yield from (f"ghost: {service} never committed fact {name}" for name in sorted(ids - known))


def _missing(
    client: Client, service: str, facts: Sequence[EventRecord], subjects: set[str], since: float
) -> Iterator[str]:
    """Facts that are marked as sent but are on no topic."""
    on_topics = {fact.id for fact in facts}
    where = {"sent_at": {"$gte": datetime.fromtimestamp(since, UTC)}}
    for row in client[service]["outbox"].find(where, _FIELDS):
        ours = not subjects.isdisjoint((row["aggregateid"], row.get("correlation")))
        if ours and "key" not in row and row["_id"] not in on_topics:
            yield f"{row['aggregateid']}: {row['type']} is marked as sent by {service} and is on no topic"


def _unhandled(client: Client, service: str, facts: Sequence[EventRecord]) -> Iterator[str]:
    """Facts that a service reacts to but has neither a receipt for nor parked."""
    reacts = reacts_to(service)
    consumed = {
        fact.id: fact for fact in facts if fact.type in reacts and service in BY_NAME[fact.topic].subscribers
    }
    unhandled = set(consumed) - _existing(client, service, "inbox", consumed)
    parked = _parked(client, service) if unhandled else set()
    table = _table(service)
    for fact in (consumed[name] for name in sorted(unhandled)):
        is_parked = (fact.topic, fact.partition, fact.offset) in parked
        if not is_parked and not _is_passed_over(table, fact):
            yield f"{fact.report_id}: {service} has no receipt for {fact.type} {fact.id}"


def reacts_to(service: str) -> frozenset[str]:
    """The event types that a service reacts to."""
    return frozenset(type_.type_tag for type_ in _table(service).types() if hasattr(type_, "type_tag"))


def _table(service: str) -> Reactions:
    table: Reactions = import_module(f"{service}.handlers.reactions").REACTIONS
    return table


def _is_passed_over(table: Reactions, fact: EventRecord) -> bool:
    """Whether a service leaves no receipt because the fact does not concern it."""
    try:
        return table.passes_over(BY_TYPE[fact.type].read(json.dumps(fact.body).encode()))
    except ValidationError:
        return False


def _parked(client: Client, service: str) -> set[Coordinates]:
    rows = client[service]["parked"].find(
        {"topic": {"$exists": True}}, {"topic": 1, "partition": 1, "offset": 1}
    )
    return {(row["topic"], row["partition"], row["offset"]) for row in rows}


def _existing(client: Client, service: str, collection: str, ids: Iterable[str]) -> set[str]:
    """Which of these ids are in a collection."""
    row, found = sorted(ids), set[str]()
    for start in range(0, len(row), _CHUNK):
        where: Mapping[str, Any] = {"_id": {"$in": row[start : start + _CHUNK]}}
        found |= {one["_id"] for one in client[service][collection].find(where, {"_id": 1})}
    return found
