"""The store on MongoDB; the only module that uses the drivers (Motor, or PyMongo's async client) besides `mongo_session`."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any, Literal, TypeVar
from uuid import UUID

from bson import Binary
from motor.motor_asyncio import AsyncIOMotorClient
from pymongo import AsyncMongoClient, InsertOne, ReturnDocument
from pymongo.errors import (
    BulkWriteError,
    CollectionInvalid,
    OperationFailure,
)
from pymongo.read_concern import ReadConcern

from chassis.documents import AllOf, AnyOf, AtLeast, AtMost, Between, Index, Order, Raw, Where
from chassis.errors import Conflict
from chassis.store.mongo_session import (
    OPTIONS,
    MongoSession,
    Read,
    TooLargeTogether,
    delete_rows,
    read_separately,
    read_together,
    verdicts,
)
from chassis.store.port import Found, Wanted

T = TypeVar("T")
Driver = Literal["motor", "pymongo"]


class _Prefixed:
    """A database in which every collection name gets a prefix."""

    def __init__(self, whole: Any, prefix: str) -> None:
        self.whole, self.prefix = whole, prefix
        self._collections: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        found = self._collections.get(name)
        if found is None:
            found = self._collections[name] = self.whole[self.prefix + name]
        return found


class MongoStore:
    """One service's database: majority and journal for every write, snapshot where it matters."""

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
        self._database = _Prefixed(self._client.get_database(database, codec_options=OPTIONS), prefix)
        self._admin = self._client.get_database("admin")
        self._driver = driver

    async def session(self) -> MongoSession:
        with verdicts():
            session = self._client.start_session(causal_consistency=False)
            if hasattr(session, "__await__"):
                session = await session
            return MongoSession(self._database, session)

    async def end_session(self, session_id: bytes) -> None:
        with verdicts():
            session = {"id": Binary.from_uuid(UUID(bytes=session_id))}
            await self._admin.command({"killSessions": [session]})

    async def get(self, collection: str, id: str) -> Raw | None:  # noqa: A002
        with verdicts():
            row: Raw | None = await self._database[collection].find_one({"_id": id})
            return row

    async def query(
        self, collection: str, where: Where, order: Order = (), limit: int = 0, fields: Sequence[str] = ()
    ) -> list[Raw]:
        with verdicts():
            source = self._database[collection].with_options(read_concern=ReadConcern("snapshot"))
            cursor = source.find(_filter(where), list(fields) or None, sort=list(order) or None, limit=limit)
            rows: list[Raw] = await cursor.to_list(None)
            return rows

    async def read(self, wanted: Wanted) -> Found:
        reads: list[Read] = [(name, ids, None) for name, ids in wanted.items()]
        with verdicts():
            try:
                return await read_together(self._database, reads)
            except TooLargeTogether:
                return await read_separately(self._database, reads)

    async def count(self, collection: str, where: Where) -> int:
        with verdicts():
            # not estimated_document_count: after a crash of the server that stays wrong
            return int(await self._database[collection].count_documents(_filter(where)))

    async def counts(self, where: Mapping[str, Where], most: int = 0) -> dict[str, int]:
        stages: list[Raw] = [{"$documents": [{}]}]
        limit: list[Raw] = [{"$limit": most}] if most else []
        for name, which in where.items():
            part = [{"$match": _filter(which)}, *limit, {"$count": "n"}]
            stages.append({"$lookup": {"from": self._database[name].name, "pipeline": part, "as": name}})
        with verdicts():
            cursor = self._database.whole.aggregate(stages)
            (row,) = await (await cursor if hasattr(cursor, "__await__") else cursor).to_list(None)
            return {name: row[name][0]["n"] if row[name] else 0 for name in where}

    async def delete(self, collection: str, ids: Sequence[str]) -> int:
        with verdicts():
            return await delete_rows(self._database[collection], ids)

    async def update(
        self, collection: str, ids: Sequence[str], fields: Mapping[str, Any], renamed: Mapping[str, str]
    ) -> int:
        with verdicts():
            changes = {"$set": dict(fields), "$rename": dict(renamed)}
            found = await self._database[collection].update_many({"_id": {"$in": list(ids)}}, changes)
            return int(found.matched_count)

    async def insert_missing(self, collection: str, documents: Sequence[Raw]) -> int:
        writes = [InsertOne(row) for row in documents]
        try:
            with verdicts():
                result = await self._database[collection].bulk_write(writes, ordered=False)
                return int(result.inserted_count)
        except Conflict as error:
            cause = error.__cause__
            details = cause.details if isinstance(cause, BulkWriteError) else {}
            return int((details or {}).get("nInserted", 0))

    async def claim(self, collection: str, id: str, changes: Mapping[str, Any]) -> tuple[Raw | None, Raw]:  # noqa: A002
        with verdicts():
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
            with verdicts():
                row = await self._database["leases"].find_one_and_update(
                    {"_id": id}, [{"$set": fields}], upsert=True, return_document=ReturnDocument.AFTER
                )
        except Conflict:
            return None  # another process created the lease at the same moment
        return int(row["epoch"]) if row["holder"] == holder else None

    async def renew(self, ids: Sequence[str], holder: str, seconds: float) -> list[str]:
        with verdicts():
            leases, where = self._database["leases"], {"_id": {"$in": list(ids)}, "holder": holder}
            longer = [{"$set": {"until": {"$add": ["$$NOW", int(seconds * 1000)]}}}]
            kept = await leases.update_many(where, longer)
            if kept.matched_count == len(ids):
                return list(ids)
            return [row["_id"] for row in await leases.find(where).to_list(None)]

    async def release(self, id: str, holder: str) -> None:  # noqa: A002
        with verdicts():
            await self._database["leases"].update_one(
                {"_id": id, "holder": holder}, {"$unset": {"holder": "", "until": ""}}
            )

    async def live_leases(self, prefix: str) -> list[str]:
        with verdicts():
            where = {"_id": {"$gte": prefix, "$lt": prefix + "\uffff"}, "$expr": {"$gt": ["$until", "$$NOW"]}}
            return [row["_id"] for row in await self._database["leases"].find(where).to_list(None)]

    async def follow(
        self,
        collections: Sequence[str],
        field: str,
        notify: Callable[[str, Any], None],
        keep_going: Callable[[], bool],
    ) -> None:
        prefix = self._database.prefix
        which = {
            "ns.coll": {"$in": [prefix + name for name in collections]},
            "operationType": {"$in": ["insert", "replace"]},
        }
        stages = [{"$match": which}, {"$project": {"ns.coll": 1, f"fullDocument.{field}": 1}}]
        with verdicts():
            stream = self._database.whole.watch(stages, max_await_time_ms=1_000)
            async with await stream if hasattr(stream, "__await__") else stream as changes:
                while keep_going():
                    change = await changes.try_next()
                    if change is not None:
                        notify(change["ns"]["coll"].removeprefix(prefix), change["fullDocument"].get(field))

    async def ensure(self, collections: Sequence[str], indexes: Sequence[Index]) -> None:
        with verdicts():
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
            return  # another replica created it first

    async def _index(self, index: Index) -> None:
        if index.retired:
            await self._retire(index)
            return
        options: dict[str, Any] = {"unique": True} if index.unique else {}
        if index.expire_after is not None:
            options["expireAfterSeconds"] = index.expire_after
        if index.only_with:
            # A build before this one may have an index of the same fields over all rows, whose name has no suffix.
            options["partialFilterExpression"] = {index.only_with: {"$exists": True}}
            options["name"] = f"{_name(index)}_with_{index.only_with}"
        await self._database[index.collection].create_index(list(index.fields), **options)

    async def _retire(self, index: Index) -> None:
        """Drop the index only if it exists: a drop waits for every open transaction, and everything else queues behind it."""
        there = await self._database[index.collection].index_information()
        if _name(index) in there:
            with suppress(OperationFailure):  # another replica dropped it first
                await self._database[index.collection].drop_index(_name(index))

    async def names(self, prefix: str) -> list[str]:
        with verdicts():
            whole, own = self._database.whole, self._database.prefix
            names = await whole.list_collection_names(filter={"name": {"$gte": own + prefix}})
            return sorted(name.removeprefix(own) for name in names if name.startswith(own + prefix))

    async def drop(self, collection: str) -> None:
        with verdicts():
            await self._database[collection].drop()

    async def ping(self) -> None:
        with verdicts():
            await self._database.whole.command("ping")

    async def close(self) -> None:
        closed = self._client.close()
        if hasattr(closed, "__await__"):
            await closed


def _name(index: Index) -> str:
    """The name that the driver gives to an index."""
    return "_".join(f"{field}_{direction}" for field, direction in index.fields)


def _filter(where: Where) -> dict[str, Any]:
    return {field: _condition(value) for field, value in where.items()}


def _condition(value: Any) -> Any:
    match value:
        case AnyOf(values):
            return {"$in": list(values)}
        case AllOf(values):
            return {"$all": list(values)}
        case AtMost(limit):
            return {"$lte": limit}
        case AtLeast(limit):
            return {"$gte": limit}
        case Between(first, last):
            return {"$gte": first, "$lte": last}
        case _:
            return {"$eq": value}
