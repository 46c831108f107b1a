"""What the services wrote in a stretch of work, read from the oplog, and its split into batches for plain drivers."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

Row = dict[str, Any]
INSERT, UPDATE, DELETE = "i", "u", "d"
# Renewed while nothing happens, by whoever runs more than one process.
IDLE_COLLECTIONS = frozenset({"leases"})


@dataclass(frozen=True)
class Write:
    """One document write: `body` is the inserted document, the replacement, or an update of single fields.

    `alone` means that it belonged to no transaction.
    """

    collection: str
    op: str
    id: Any
    body: Row = field(default_factory=dict)
    alone: bool = False


@dataclass
class Chunk:
    """The writes of one batch of one service: transactions by collection, then updates and deletes that need none."""

    transactions: list[dict[str, list[Write]]] = field(default_factory=list)
    updates: dict[str, list[Write]] = field(default_factory=dict)
    deletes: dict[str, list[Any]] = field(default_factory=dict)


def writes(entries: Iterable[Mapping[str, Any]], services: Sequence[str]) -> dict[str, list[Write]]:
    """The writes of each service in oplog entries, in order."""
    found: dict[str, list[Write]] = {name: [] for name in services}
    inserted: set[tuple[str, Any]] = set()
    for entry in entries:
        for operation in entry["o"].get("applyOps", (entry,)):
            service, _, collection = operation["ns"].partition(".")
            if (
                service in found
                and operation["op"] in (INSERT, UPDATE, DELETE)
                and collection not in IDLE_COLLECTIONS
            ):
                one = replace(_write(collection, operation), alone=operation is entry)
                again = one.op == INSERT and (operation["ns"], one.id) in inserted
                found[service].append(replace(one, op=UPDATE) if again else one)
                inserted |= {(operation["ns"], one.id)} if one.op == INSERT else set()
    return found


def _write(collection: str, operation: Mapping[str, Any]) -> Write:
    op, body = operation["op"], operation["o"]
    if op == INSERT:
        return Write(collection, op, body["_id"], body)
    if op == DELETE:
        return Write(collection, op, body["_id"])
    return Write(collection, op, operation["o2"]["_id"], _update(body) if "diff" in body else body)


def _update(body: Mapping[str, Any]) -> Row:
    fields: dict[str, Row] = {"$set": {}, "$unset": {}}
    for operator, path, value in _changes(body["diff"], ""):
        fields[operator][path] = value
    return {operator: found for operator, found in fields.items() if found}


def _changes(diff: Mapping[str, Any], path: str) -> Iterator[tuple[str, str, Any]]:
    """The changed fields of an oplog entry: `u` and `i` have new values, `d` removed fields, `s…` the diff of a subdocument."""
    for name, value in diff.items():
        if name in ("u", "i"):
            yield from (("$set", path + one, new) for one, new in value.items())
        elif name == "d":
            yield from (("$unset", path + one, "") for one in value)
        elif name.startswith("s"):
            yield from _changes(value, f"{path}{name[1:]}.")
        elif name.startswith("u") and diff.get("a"):
            yield "$set", path + name[1:], value  # an element of an array


def split(found: Sequence[Write], count: int) -> list[Chunk]:
    """The writes in as many batches; what changes a document inserted by the same batch is a second transaction."""
    return [_chunk(found[start:end]) for start, end in bounds(len(found), count)]


def bounds(total: int, count: int) -> list[tuple[int, int]]:
    """Where the batches of `total` things begin and end."""
    return [(n * total // count, (n + 1) * total // count) for n in range(count)]


def _chunk(found: Sequence[Write]) -> Chunk:
    first: dict[str, list[Write]] = {}
    second: dict[str, list[Write]] = {}
    chunk = Chunk()
    inserted = {(one.collection, one.id) for one in found if one.op == INSERT}
    for one in found:
        if one.op == DELETE:
            chunk.deletes.setdefault(one.collection, []).append(one.id)
        elif one.op == UPDATE and one.alone:
            chunk.updates.setdefault(one.collection, []).append(one)
        elif one.op == UPDATE and (one.collection, one.id) in inserted:
            second.setdefault(one.collection, []).append(one)
        else:
            first.setdefault(one.collection, []).append(one)
    chunk.transactions = [part for part in (first, second) if part]
    return chunk


def missing(found: Iterable[Write]) -> dict[str, set[Any]]:
    """By collection, the documents that exist before the first write: those updated or deleted but not inserted."""
    needed: dict[str, set[Any]] = {}
    inserted: set[tuple[str, Any]] = set()
    for one in found:
        if one.op == INSERT:
            inserted.add((one.collection, one.id))
        elif (one.collection, one.id) not in inserted:
            needed.setdefault(one.collection, set()).add(one.id)
    return needed
