"""Sessions and transactions on MongoDB, and the mapping of the drivers' errors."""

from collections.abc import Awaitable, Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

from bson.codec_options import CodecOptions
from bson.errors import BSONError
from pymongo import DeleteOne, ReadPreference, ReplaceOne
from pymongo.errors import (
    AutoReconnect,
    BulkWriteError,
    ConnectionFailure,
    DuplicateKeyError,
    NetworkTimeout,
    OperationFailure,
    PyMongoError,
)
from pymongo.read_concern import ReadConcern
from pymongo.write_concern import WriteConcern

from chassis.documents import Raw
from chassis.errors import Conflict, Poison, Unavailable, Unmatched
from chassis.store.port import Found, Transaction, Wanted

T = TypeVar("T")
Read = tuple[str, Collection[str], Raw | None]  # a collection, ids, and the fields wanted (None means all)

_MAJORITY = WriteConcern("majority", j=True)
_DUPLICATE, _WRITE_CONFLICT = 11000, 112
# Errors of the document itself: nested too deeply, failed validation, too large.
_NEVER = frozenset((15, 121, 10334, 17280, 17419, 17420))
# `$in` scans everything deleted in the last minutes; for a few ids, single deletes go straight to each.
FEW = 50
# So many documents of several collections are read in one request; most of those that a command needs do not exist yet.
TOGETHER = 1_000
_TOO_LARGE = frozenset((4568, 10334, 17420))
_VERSION: Raw = {"version": 1}
OPTIONS: CodecOptions[Raw] = CodecOptions(tz_aware=True)
_UNKEEPABLE = (BSONError, OverflowError, UnicodeEncodeError)


@contextmanager
def verdicts() -> Iterator[None]:
    """Map the driver's errors to the store's.

    Conflict can be retried; Poison means that the store rejects the document; everything else, including unexpected errors such
    as a missing permission or a full disk, is no input's fault and becomes Unavailable.
    """
    try:
        yield
    except _UNKEEPABLE as error:
        raise Poison(f"the store cannot keep it: {type(error).__name__}") from error
    except (DuplicateKeyError, BulkWriteError) as error:
        raise _bulk_verdict(error) from error
    except (ConnectionFailure, AutoReconnect, NetworkTimeout) as error:
        raise Unavailable(f"database: {type(error).__name__}") from error
    except OperationFailure as error:
        if error.has_error_label("TransientTransactionError") or error.code == _DUPLICATE:
            raise Conflict(str(error.code)) from error
        raise _refusal(error.code) from error
    except PyMongoError as error:
        if error.has_error_label("TransientTransactionError"):
            raise Conflict(type(error).__name__) from error
        raise Unavailable(f"database: {type(error).__name__}") from error


def _bulk_verdict(error: OperationFailure) -> Exception:
    details = error.details or {}
    codes = {row.get("code") for row in details.get("writeErrors", [])} | {error.code}
    if _DUPLICATE in codes or _WRITE_CONFLICT in codes or error.has_error_label("TransientTransactionError"):
        return Conflict("duplicate" if _DUPLICATE in codes else "write conflict")
    return _refusal(*codes)


def _refusal(*codes: int | None) -> Exception:
    if _NEVER.intersection(codes):
        return Poison(f"the store cannot keep it: error {codes[0]}")
    return Unavailable(f"database: error {', '.join(str(code) for code in codes)}")


class TooLargeTogether(Conflict):
    """The documents of several collections do not fit into one answer; the next attempt reads them separately."""


async def read_together(database: Any, reads: Sequence[Read], session: Any = None) -> Found:
    """The documents of several collections: in one request, unless they are many. Raises TooLargeTogether."""
    if len(reads) < 2 or sum(len(ids) for _, ids, _ in reads) > TOGETHER:
        return await read_separately(database, reads, session)
    return _by_name(reads, await _lookup(database, reads, session))


async def read_separately(database: Any, reads: Sequence[Read], session: Any = None) -> Found:
    """The same, with a request for each collection."""
    found = []
    for name, ids, fields in reads:
        where = {"_id": {"$in": list(ids)}}
        found.append(await database[name].find(where, fields, session=session).to_list(None))
    return _by_name(reads, found)


async def _lookup(database: Any, reads: Sequence[Read], session: Any = None) -> list[list[Raw]]:
    """`$lookup` is the only stage that reads another collection inside a transaction."""
    stages: list[Raw] = [{"$documents": [{}]}]
    for number, (name, ids, fields) in enumerate(reads):
        part: list[Raw] = [{"$match": {"_id": {"$in": list(ids)}}}]
        part += [{"$project": fields}] if fields else []
        stages.append({"$lookup": {"from": database.prefix + name, "pipeline": part, "as": f"r{number}"}})
    command: Raw = {"aggregate": 1, "pipeline": stages, "cursor": {}}
    command |= {"readConcern": {"level": "snapshot"}} if session is None else {}
    try:
        reply = await database.whole.command(command, session=session, codec_options=OPTIONS)
    except OperationFailure as error:
        if error.code in _TOO_LARGE:
            raise TooLargeTogether(f"{len(reads)} collections in one answer") from error
        raise
    row = reply["cursor"]["firstBatch"][0]
    return [row[f"r{number}"] for number in range(len(reads))]


def _by_name(reads: Sequence[Read], answers: Sequence[Sequence[Raw]]) -> Found:
    found: Found = {name: {} for name, _, _ in reads}
    for (name, _, _), rows in zip(reads, answers, strict=True):
        found[name].update((row["_id"], row) for row in rows)
    return found


class MongoTransaction:
    """One open transaction on a session."""

    def __init__(self, database: Any, session: Any, separately: bool = False) -> None:
        self._database = database
        self._session = session
        self._separately = separately

    async def read(self, wanted: Wanted, versions: Wanted) -> Found:
        reads: list[Read] = [(name, ids, None) for name, ids in wanted.items()]
        reads += [(name, ids, _VERSION) for name, ids in versions.items()]
        if self._separately:
            return await read_separately(self._database, reads, self._session)
        return await read_together(self._database, reads, self._session)

    async def find(self, collection: str, ids: Sequence[str]) -> dict[str, Raw]:
        cursor = self._database[collection].find({"_id": {"$in": list(ids)}}, session=self._session)
        return {row["_id"]: row for row in await cursor.to_list(None)}

    async def insert(self, collection: str, documents: Sequence[Raw]) -> None:
        await self._database[collection].insert_many(documents, session=self._session)

    async def replace(self, collection: str, documents: Sequence[tuple[Mapping[str, Any], Raw]]) -> None:
        writes = [ReplaceOne(dict(guard), row) for guard, row in documents]
        result = await self._database[collection].bulk_write(writes, ordered=True, session=self._session)
        if result.matched_count != len(documents):
            raise Unmatched(f"{collection}: a guard did not match")

    async def upsert(self, collection: str, documents: Sequence[Raw]) -> None:
        writes = [ReplaceOne({"_id": row["_id"]}, row, upsert=True) for row in documents]
        await self._database[collection].bulk_write(writes, ordered=True, session=self._session)

    async def touch(self, collection: str, ids: Sequence[str]) -> None:
        await self._database[collection].update_many(
            {"_id": {"$in": list(ids)}}, {"$inc": {"version": 1}}, session=self._session
        )

    async def delete(self, collection: str, ids: Sequence[str]) -> int:
        return await delete_rows(self._database[collection], ids, self._session)


async def delete_rows(collection: Any, ids: Sequence[str], session: Any = None) -> int:
    """Delete these in one request; returns how many existed."""
    if not ids:
        return 0
    if len(ids) > FEW:
        found = await collection.delete_many({"_id": {"$in": list(ids)}}, session=session)
    else:
        found = await collection.bulk_write([DeleteOne({"_id": id_}) for id_ in ids], session=session)
    return int(found.deleted_count)


class MongoSession:
    """One session: one transaction at a time."""

    def __init__(self, database: Any, session: Any) -> None:
        self._database = database
        self._session = session
        self._separately = False

    @property
    def id(self) -> bytes:
        return bytes(self._session.session_id["id"])

    async def transact(self, work: Callable[[Transaction], Awaitable[T]]) -> T:
        with verdicts():
            started = self._session.start_transaction(
                read_concern=ReadConcern("snapshot"),
                write_concern=_MAJORITY,
                read_preference=ReadPreference.PRIMARY,
                max_commit_time_ms=5_000,
            )
            if hasattr(started, "__await__"):
                await started
            try:
                result = await work(MongoTransaction(self._database, self._session, self._separately))
                await self._commit()
            except BaseException as error:
                self._separately = self._separately or isinstance(error, TooLargeTogether)
                await self._abort()
                raise
        self._separately = False
        return result

    async def _commit(self) -> None:
        """Commit; when the answer is lost, commit again, which is safe."""
        for attempt in range(3):
            try:
                await self._session.commit_transaction()
            except PyMongoError as error:
                if attempt == 2 or not error.has_error_label("UnknownTransactionCommitResult"):
                    raise
            else:
                return

    async def _abort(self) -> None:
        if self._session.in_transaction:
            try:
                await self._session.abort_transaction()
            except PyMongoError:
                return

    async def close(self) -> None:
        await self._session.end_session()
