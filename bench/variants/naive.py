"""The usual first version: a handler writes to the database, then publishes; FastStream acknowledges when it returns."""

from datetime import UTC, datetime
from typing import Any

from faststream import AckPolicy
from faststream.kafka import KafkaBroker
from motor.motor_asyncio import AsyncIOMotorClient

from bench.variants.rules import opened
from bench.variants.task import BATCH, CASES, Task, until_terminated
from chassis.consumer.subscription import security_of
from contracts.intake import ReportRegistered

ONE_MEGABYTE = 1_048_576


async def one_by_one(task: Task) -> None:
    """One message at a time: update_one, publish, acknowledge."""
    broker = KafkaBroker(task.kafka.servers, security=security_of(task.kafka), acks="all", logger=None)
    cases: Any = AsyncIOMotorClient(task.durable)[task.database][CASES]

    @broker.subscriber(
        task.reports,
        group_id=task.database,
        group_instance_id="naive-0",
        auto_offset_reset="earliest",
        ack_policy=AckPolicy.ACK,
    )
    async def open_case(event: ReportRegistered) -> None:
        fact = opened(event)
        state = fact.model_dump() | {"place_id": event.place_id, "opened_at": datetime.now(UTC)}  # noqa: TID251
        await cases.update_one({"_id": event.report_id}, {"$set": state, "$inc": {"times": 1}}, upsert=True)
        await broker.publish(fact, task.facts, key=event.report_id.encode())

    await broker.start()
    await until_terminated()


async def in_batches(task: Task) -> None:
    """The batch form: list[Model], insert_many, publish_batch."""
    # With the default batch size this publish raises, and the acknowledgement then loses the whole batch.
    broker = KafkaBroker(
        task.kafka.servers,
        security=security_of(task.kafka),
        acks="all",
        logger=None,
        max_batch_size=ONE_MEGABYTE,
        max_request_size=2 * ONE_MEGABYTE,
    )
    cases: Any = AsyncIOMotorClient(task.durable)[task.database][CASES]

    @broker.subscriber(
        task.reports,
        group_id=task.database,
        group_instance_id="naive-batch-0",
        auto_offset_reset="earliest",
        ack_policy=AckPolicy.ACK,
        batch=True,
        max_records=BATCH,
    )
    async def open_cases(events: list[ReportRegistered]) -> None:
        facts = [opened(event) for event in events]
        now = datetime.now(UTC)  # noqa: TID251
        await cases.insert_many(
            [
                fact.model_dump() | {"place_id": event.place_id, "opened_at": now, "times": 1}
                for event, fact in zip(events, facts, strict=True)
            ]
        )
        await broker.publish_batch(*facts, topic=task.facts)

    await broker.start()
    await until_terminated()
