"""The floor: one transaction per batch on the bare drivers, without decoding, validation or rules."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.partitioner import murmur2
from motor.motor_asyncio import AsyncIOMotorClient
from pymongo import UpdateOne
from pymongo.errors import OperationFailure
from pymongo.read_concern import ReadConcern
from pymongo.write_concern import WriteConcern

from bench.variants.task import BATCH, CASES, FENCES, INBOX, OUTBOX, Task
from chassis.outbox.relay import headers_of

MAJORITY = WriteConcern("majority", j=True)
RELAYED = 2_000
Parts = dict[TopicPartition, list[Any]]


async def drain(task: Task) -> None:
    """Read and commit until killed; a restart continues at the fences."""
    client: Any = AsyncIOMotorClient(task.durable)
    database = client[task.database]
    consumer = AIOKafkaConsumer(
        task.reports,
        **task.kafka.aiokafka(),
        group_id=task.database,
        group_instance_id="floor-0",
        enable_auto_commit=False,
        auto_offset_reset="earliest",
    )
    await consumer.start()
    while not consumer.assignment():
        await consumer.getmany(timeout_ms=100, max_records=1)
    for row in await database[FENCES].find().to_list(None):
        consumer.seek(TopicPartition(task.reports, row["_id"]), row["next"])
    async with await client.start_session(causal_consistency=False) as session:
        while True:
            parts = await consumer.getmany(timeout_ms=100, max_records=BATCH)
            while parts and not await _committed(database, session, parts):
                await asyncio.sleep(
                    0.2
                )  # the locks of a transaction whose process was killed are held for a while


async def relay(task: Task) -> None:
    """Find, send and delete until killed: the records that the project's relay sends, in any order, without leases."""
    client: Any = AsyncIOMotorClient(task.durable)
    outbox = client[task.database][OUTBOX]
    async with AIOKafkaProducer(**task.kafka.aiokafka(), acks="all", max_batch_size=524_288) as producer:
        count = len(await producer.partitions_for(task.facts))
        while True:
            rows = await outbox.find().limit(RELAYED).to_list(None)
            parts: dict[int, list[Any]] = {}
            for row in rows:
                partition = (murmur2(row["aggregateid"].encode()) & 0x7FFFFFFF) % count
                parts.setdefault(partition, []).append(row)
            sent = await asyncio.gather(*(_send(producer, task.facts, *part) for part in parts.items()))
            names = [name for part in sent for name in part]
            await (outbox.delete_many({"_id": {"$in": names}}) if names else asyncio.sleep(0.02))


async def _send(producer: Any, topic: str, partition: int, rows: Sequence[Any]) -> list[str]:
    batch, names = producer.create_batch(), []
    for row in rows:
        headers = headers_of("relay", row)
        if (
            batch.append(
                key=row["aggregateid"].encode(), value=row["payload"], timestamp=None, headers=headers
            )
            is None
        ):
            break
        names.append(row["_id"])
    await (await producer.send_batch(batch, topic, partition=partition))
    return names


async def _committed(database: Any, session: Any, parts: Parts) -> bool:
    try:
        async with session.start_transaction(ReadConcern("snapshot"), MAJORITY):
            await _write(database, session, parts)
    except OperationFailure as error:
        if not error.has_error_label("TransientTransactionError"):
            raise
        return False
    return True


async def _write(database: Any, session: Any, parts: Parts) -> None:
    records = [record for part in parts.values() for record in part]
    ids = [dict(record.headers)["ce_id"].decode() for record in records]
    fences = [
        UpdateOne({"_id": tp.partition}, {"$set": {"next": part[-1].offset + 1}}, upsert=True)
        for tp, part in parts.items()
    ]
    await database[FENCES].bulk_write(fences, session=session)
    seen = await database[INBOX].find({"_id": {"$in": ids}}, session=session).to_list(None)
    known = {row["_id"] for row in seen}
    new_run = [(id_, record) for id_, record in zip(ids, records, strict=True) if id_ not in known]
    if not new_run:
        return
    now = datetime.now(UTC)  # noqa: TID251
    await database[INBOX].insert_many([{"_id": id_, "at": now} for id_, _ in new_run], session=session)
    await database[CASES].insert_many([_state(record, now) for _, record in new_run], session=session)
    await database[OUTBOX].insert_many([_fact(id_, record, now) for id_, record in new_run], session=session)


def _state(record: Any, now: datetime) -> dict[str, Any]:
    return {"_id": record.key.decode(), "version": 1, "body": record.value, "opened_at": now}


def _fact(id_: str, record: Any, now: datetime) -> dict[str, Any]:
    return {
        "_id": f"{id_}/0",
        "slot": record.partition,
        "aggregateid": record.key.decode(),
        "time": now,
        "causation": id_,
        "payload": record.value,
    }
