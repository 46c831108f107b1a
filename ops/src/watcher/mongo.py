"""Collects metrics of MongoDB: members and primary, connections, transactions, cache, sizes and disk space."""

import asyncio
from collections.abc import Mapping
from typing import Any

from pymongo import AsyncMongoClient, ReadPreference
from pymongo.errors import PyMongoError

from contracts.connection import mongo_address
from contracts.permissions import SERVICES
from watcher.board import Sample

ANSWER_MS = 5_000


async def collect(address: str) -> list[Sample]:
    """The current samples; raises PyMongoError when no member responds.

    Any member may answer, because a set without a primary must be visible in the metrics.
    """
    client: AsyncMongoClient[dict[str, Any]] = AsyncMongoClient(
        address, serverSelectionTimeoutMS=3_000, timeoutMS=ANSWER_MS, retryReads=False
    )
    async with client:
        admin = client.get_database("admin", read_preference=ReadPreference.PRIMARY_PREFERRED)
        hello = await admin.command("hello")
        status = await admin.command("serverStatus")
        sizes = {
            name: await client.get_database(name).command(
                "dbStats", read_preference=ReadPreference.PRIMARY_PREFERRED
            )
            for name in SERVICES
        }
    members = hello["hosts"]
    answering = await asyncio.gather(*(_answers(mongo_address(address, member)) for member in members))
    return [
        Sample("mongodb_up", 1),
        Sample("mongodb_primary", bool(hello.get("primary"))),
        Sample("mongodb_members", len(members)),
        Sample("mongodb_members_up", sum(answering)),
        *_server(status),
        *_stored(sizes),
    ]


async def _answers(member: str) -> bool:
    client: AsyncMongoClient[dict[str, Any]] = AsyncMongoClient(
        member, directConnection=True, serverSelectionTimeoutMS=3_000, timeoutMS=ANSWER_MS
    )
    async with client:
        try:
            await client.admin.command("ping")
        except PyMongoError:
            return False
    return True


def _server(status: Mapping[str, Any]) -> list[Sample]:
    transactions, cache = status["transactions"], status["wiredTiger"]["cache"]
    return [
        Sample("mongodb_uptime_seconds", status["uptime"]),
        Sample("mongodb_connections_open", status["connections"]["current"]),
        Sample("mongodb_queue_length", status["globalLock"]["currentQueue"]["total"]),
        Sample("mongodb_transactions_open", transactions["currentOpen"]),
        Sample("mongodb_transactions_committed_total", transactions["totalCommitted"]),
        Sample("mongodb_transactions_aborted_total", transactions["totalAborted"]),
        Sample("mongodb_cache_used_bytes", cache["bytes currently in the cache"]),
        Sample("mongodb_cache_size_bytes", cache["maximum bytes configured"]),
    ]


def _stored(sizes: Mapping[str, Mapping[str, Any]]) -> list[Sample]:
    samples = []
    for name, stats in sizes.items():
        samples.append(Sample("mongodb_database_size_bytes", stats["totalSize"], (name,)))
        samples.append(Sample("mongodb_database_documents", stats["objects"], (name,)))
    disks = [stats for stats in sizes.values() if stats.get("fsTotalSize")]
    if disks:
        total, used = disks[0]["fsTotalSize"], disks[0]["fsUsedSize"]
        samples.append(Sample("engine_disk_size_bytes", total, ("mongod",)))
        samples.append(Sample("engine_disk_free_bytes", total - used, ("mongod",)))
    return samples
