"""Sessions and transactions on MongoDB, and what the drivers' errors mean to us."""

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

from pymongo import ReadPreference, ReplaceOne
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
from chassis.errors import Conflict, Unavailable
from chassis.store import Transaction

T = TypeVar("T")

_MAJORITY = WriteConcern("majority", j=True)
_DUPLICATE, _WRITE_CONFLICT = 11000, 112
_AWAY = frozenset(
    (206, 11600, 11602, 189, 91, 10107, 13435)
)  # no such session, interrupted, stepped down, shutting down


@contextmanager
def verdicts() -> Iterator[None]:
    """Turn the driver's errors into the store's: Conflict to run again, Unavailable to wait for."""
    try:
        yield
    except (DuplicateKeyError, BulkWriteError) as error:
        raise _bulk_verdict(error) from error
    except (ConnectionFailure, AutoReconnect, NetworkTimeout) as error:
        raise Unavailable(f"database: {type(error).__name__}") from error
    except OperationFailure as error:
        if error.has_error_label("TransientTransactionError") or error.code == _DUPLICATE:
            raise Conflict(str(error.code)) from error
        if error.has_error_label("RetryableWriteError") or error.code in _AWAY:
            raise Unavailable(f"database: {error.code}") from error
        raise
    except PyMongoError as error:
        if error.has_error_label("TransientTransactionError"):
            raise Conflict(type(error).__name__) from error
        raise Unavailable(f"database: {type(error).__name__}") from error


def _bulk_verdict(error: OperationFailure) -> Exception:
    details = error.details or {}
    codes = {row.get("code") for row in details.get("writeErrors", [])} | {error.code}
    if _DUPLICATE in codes or _WRITE_CONFLICT in codes or error.has_error_label("TransientTransactionError"):
        return Conflict("duplicate" if _DUPLICATE in codes else "write conflict")
    return error


class MongoTransaction:
    """One open transaction on a session."""

    def __init__(self, database: Any, session: Any) -> None:
        self._database = database
        self._session = session

    async def find(self, collection: str, ids: Sequence[str]) -> dict[str, Raw]:
        cursor = self._database[collection].find({"_id": {"$in": list(ids)}}, session=self._session)
        return {row["_id"]: row for row in await cursor.to_list(None)}

    async def insert(self, collection: str, documents: Sequence[Raw]) -> None:
        await self._database[collection].insert_many(documents, session=self._session)

    async def replace(self, collection: str, documents: Sequence[tuple[Mapping[str, Any], Raw]]) -> None:
        writes = [ReplaceOne(dict(guard), row) for guard, row in documents]
        result = await self._database[collection].bulk_write(writes, ordered=True, session=self._session)
        if result.matched_count != len(documents):
            raise Conflict(f"{collection}: a guard did not match")

    async def upsert(self, collection: str, documents: Sequence[Raw]) -> None:
        writes = [ReplaceOne({"_id": row["_id"]}, row, upsert=True) for row in documents]
        await self._database[collection].bulk_write(writes, ordered=True, session=self._session)

    async def touch(self, collection: str, ids: Sequence[str]) -> None:
        await self._database[collection].update_many(
            {"_id": {"$in": list(ids)}}, {"$inc": {"version": 1}}, session=self._session
        )

    async def delete(self, collection: str, ids: Sequence[str]) -> int:
        result = await self._database[collection].delete_many(
            {"_id": {"$in": list(ids)}}, session=self._session
        )
        return int(result.deleted_count)


class MongoLane:
    """One session: one transaction at a time."""

    def __init__(self, database: Any, session: Any) -> None:
        self._database = database
        self._session = session

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
                result = await work(MongoTransaction(self._database, self._session))
                await self._commit()
            except BaseException:
                await self._abort()
                raise
        return result

    async def _commit(self) -> None:
        """Commit; a lost answer is asked for again, because committing twice is safe."""
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
