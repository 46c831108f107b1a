"""The store on MongoDB: the one module that knows the drivers, Motor or PyMongo's own async client."""

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Literal, TypeVar
from uuid import UUID

from bson import Binary
from bson.codec_options import CodecOptions
from motor.motor_asyncio import AsyncIOMotorClient
from pymongo import AsyncMongoClient, InsertOne, ReadPreference, ReplaceOne, ReturnDocument
from pymongo.errors import (
    AutoReconnect,
    BulkWriteError,
    CollectionInvalid,
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
from chassis.store import AnyOf, AtLeast, AtMost, Index, Order, Transaction, Where

T = TypeVar("T")
Driver = Literal["motor", "pymongo"]

_MAJORITY = WriteConcern("majority", j=True)
_OPTIONS: CodecOptions[Raw] = CodecOptions(tz_aware=True)
_DUPLICATE, _NO_SUCH_SESSION = 11000, 206


@contextmanager
def _verdicts() -> Iterator[None]:
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
        if error.has_error_label("RetryableWriteError") or error.code in (
            _NO_SUCH_SESSION,
            11600,
            11602,
            189,
            91,
            10107,
            13435,
        ):
            raise Unavailable(f"database: {error.code}") from error
        raise
    except PyMongoError as error:
        if error.has_error_label("TransientTransactionError"):
            raise Conflict(type(error).__name__) from error
        raise Unavailable(f"database: {type(error).__name__}") from error


def _bulk_verdict(error: OperationFailure) -> Exception:
    details = error.details or {}
    codes = {row.get("code") for row in details.get("writeErrors", [])} | {error.code}
    if _DUPLICATE in codes or 112 in codes or error.has_error_label("TransientTransactionError"):
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
        with _verdicts():
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


class _Prefixed:
    """A database whose collections have names that begin alike."""

    def __init__(self, whole: Any, prefix: str) -> None:
        self.whole, self.prefix = whole, prefix

    def __getitem__(self, name: str) -> Any:
        return self.whole[self.prefix + name]


class MongoStore:
    """One service's database; majority and journal everywhere, snapshot where it matters."""

    def __init__(self, uri: str, database: str, driver: Driver = "motor", prefix: str = "") -> None:
        options: dict[str, Any] = {
            "w": "majority",
            "journal": True,
            "readConcernLevel": "majority",
            "retryWrites": True,
            "serverSelectionTimeoutMS": 3_000,
            "socketTimeoutMS": 15_000,
            "connectTimeoutMS": 3_000,
            "uuidRepresentation": "standard",
        }
        client_type: Any = AsyncIOMotorClient if driver == "motor" else AsyncMongoClient
        self._client = client_type(uri, **options)
        self._database = _Prefixed(self._client.get_database(database, codec_options=_OPTIONS), prefix)
        self._admin = self._client.get_database("admin")
        self._driver = driver

    async def lane(self) -> MongoLane:
        with _verdicts():
            session = self._client.start_session(causal_consistency=False)
            if hasattr(session, "__await__"):
                session = await session
            return MongoLane(self._database, session)

    async def end_lane(self, lane_id: bytes) -> None:
        with _verdicts():
            session = {"id": Binary.from_uuid(UUID(bytes=lane_id))}
            await self._admin.command({"killSessions": [session]})

    async def get(self, collection: str, id: str) -> Raw | None:  # noqa: A002
        with _verdicts():
            row: Raw | None = await self._database[collection].find_one({"_id": id})
            return row

    async def query(self, collection: str, where: Where, order: Order = (), limit: int = 0) -> list[Raw]:
        with _verdicts():
            source = self._database[collection].with_options(read_concern=ReadConcern("snapshot"))
            cursor = source.find(_filter(where), sort=list(order) or None, limit=limit)
            rows: list[Raw] = await cursor.to_list(None)
            return rows

    async def count(self, collection: str, where: Where) -> int:
        with _verdicts():
            if not where:
                return int(await self._database[collection].estimated_document_count())
            return int(await self._database[collection].count_documents(_filter(where)))

    async def delete(self, collection: str, ids: Sequence[str]) -> int:
        with _verdicts():
            result = await self._database[collection].delete_many({"_id": {"$in": list(ids)}})
            return int(result.deleted_count)

    async def insert_missing(self, collection: str, documents: Sequence[Raw]) -> int:
        writes = [InsertOne(row) for row in documents]
        try:
            with _verdicts():
                result = await self._database[collection].bulk_write(writes, ordered=False)
                return int(result.inserted_count)
        except Conflict as error:
            cause = error.__cause__
            details = cause.details if isinstance(cause, BulkWriteError) else {}
            return int((details or {}).get("nInserted", 0))

    async def claim(self, collection: str, id: str, changes: Mapping[str, Any]) -> tuple[Raw | None, Raw]:  # noqa: A002
        with _verdicts():
            update = {"$set": dict(changes), "$inc": {"epoch": 1}, "$setOnInsert": {"next": 0}}
            source = self._database[collection]
            before = await source.find_one({"_id": id})
            after: Raw = await source.find_one_and_update(
                {"_id": id}, update, upsert=True, return_document=ReturnDocument.AFTER
            )
            return before, after

    async def lease(self, id: str, holder: str, seconds: float) -> int | None:  # noqa: A002
        held = {"$gt": ["$until", "$$NOW"]}
        mine = {"$eq": ["$holder", holder]}
        taken = {"$and": [held, {"$not": [mine]}]}
        kept = {"$or": [mine, taken]}
        fields = {
            "epoch": {"$cond": [kept, "$epoch", {"$add": [{"$ifNull": ["$epoch", 0]}, 1]}]},
            "holder": {"$cond": [taken, "$holder", holder]},
            "until": {"$cond": [taken, "$until", {"$add": ["$$NOW", int(seconds * 1000)]}]},
        }
        try:
            with _verdicts():
                row = await self._database["leases"].find_one_and_update(
                    {"_id": id}, [{"$set": fields}], upsert=True, return_document=ReturnDocument.AFTER
                )
        except Conflict:
            return None  # another process made the lease at this very moment
        return int(row["epoch"]) if row["holder"] == holder else None

    async def release(self, id: str, holder: str) -> None:  # noqa: A002
        with _verdicts():
            await self._database["leases"].update_one(
                {"_id": id, "holder": holder}, {"$unset": {"holder": "", "until": ""}}
            )

    async def live_leases(self, prefix: str) -> list[str]:
        with _verdicts():
            where = {"_id": {"$gte": prefix, "$lt": prefix + "\uffff"}, "$expr": {"$gt": ["$until", "$$NOW"]}}
            return [row["_id"] for row in await self._database["leases"].find(where).to_list(None)]

    async def ensure(self, collections: Sequence[str], indexes: Sequence[Index]) -> None:
        with _verdicts():
            existing = set(await self._database.whole.list_collection_names())
            for name in collections:
                if self._database.prefix + name not in existing:
                    await self._create(self._database.prefix + name)
            for index in indexes:
                await self._index(index)

    async def _create(self, name: str) -> None:
        try:
            await self._database.whole.create_collection(name)
        except CollectionInvalid:
            return  # another replica was first

    async def _index(self, index: Index) -> None:
        options: dict[str, Any] = {"unique": True} if index.unique else {}
        if index.expire_after is not None:
            options["expireAfterSeconds"] = index.expire_after
        await self._database[index.collection].create_index(list(index.fields), **options)

    async def ping(self) -> None:
        with _verdicts():
            await self._database.whole.command("ping")

    async def close(self) -> None:
        closed = self._client.close()
        if hasattr(closed, "__await__"):
            await closed


def _filter(where: Where) -> dict[str, Any]:
    return {field: _condition(value) for field, value in where.items()}


def _condition(value: Any) -> Any:
    match value:
        case AnyOf(values):
            return {"$in": list(values)}
        case AtMost(limit):
            return {"$lte": limit}
        case AtLeast(limit):
            return {"$gte": limit}
        case _:
            return {"$eq": value}
