"""Faults of records: copies in order or shuffled, groups reset to older offsets, and poison."""

import asyncio
import time
from collections.abc import Iterator
from typing import Any

from confluent_kafka import Consumer, Producer, TopicPartition

from bench.faults.context import FaultContext
from bench.faults.monitor import Offsets
from bench.faults.poison import SUBSCRIBED, send
from contracts.permissions import SERVICES
from stack.account_sources import headers_of

MOST_COPIES = 30_000
READ_SECONDS = 60.0


def copy_everything(context: FaultContext) -> None:
    """F7: every record of the round on a consumed topic is published again, once or twice, in order."""
    times = context.rng.choice((1, 2))
    with context.fault("F7", "") as fault:
        records = list(read_records(context, context.start_offsets))[:MOST_COPIES]
        sent = _produce(context, records, times)
        fault.what = f"{sent} copies: every record again, {times} times"


def copy_shuffled(context: FaultContext) -> None:
    """F8: records of the round are published again in random order."""
    with context.fault("F8", "") as fault:
        records = list(read_records(context, context.start_offsets))
        chosen = context.rng.sample(records, min(len(records), 3_000))
        fault.what = f"{_produce(context, chosen, 1)} copies in random order"


def rewind(context: FaultContext) -> None:
    """F7: a service stops, its group is reset to the start of the round, and it starts again."""
    service = context.rng.choice(SERVICES)
    with context.fault("F7", f"the group of {service} is reset to the start of the round") as fault:
        with context.environment.suspended((service, 0)):
            context.environment.service(service).stop()
            _reset(context, service)
        fault.heal()
        context.environment.wait_all()


def _reset(context: FaultContext, service: str) -> None:
    with context.environment.client() as client:
        for row in client[service]["fences"].find({}):
            topic_partition = (str(row["topic"]), int(str(row["partition"])))
            mark = {"next": min(int(str(row["next"])), context.start_offsets.get(topic_partition, 0))}
            client[service]["fences"].update_one({"_id": row["_id"]}, {"$set": mark})


def poison_topics(context: FaultContext) -> None:
    """F9: every kind of poison on every consumed topic."""
    topics = list(SUBSCRIBED)
    with context.fault("F9", "", count=len(topics)) as fault:
        seed, spare = context.rng.getrandbits(30), context.spare
        sent, refused = asyncio.run(send(context.environment.kafka.admin, topics, seed, spare))
        context.poisons += sent
        context.notes["poison that the broker refuses"] = refused
        fault.what = f"{len(sent)} poison records of {len({one.kind for one in sent})} kinds"


def read_records(context: FaultContext, start_offsets: Offsets) -> Iterator[Any]:
    """Every record of the consumed topics from these offsets on, except those that the client library cannot read."""
    names = {topic.name for topic in SUBSCRIBED}
    ends = {
        topic_partition: end
        for topic_partition, end in context.monitor.end_offsets_with_retries().items()
        if topic_partition[0] in names
    }
    left = {
        topic_partition: end
        for topic_partition, end in ends.items()
        if end > start_offsets.get(topic_partition, 0)
    }
    consumer = Consumer(
        context.environment.kafka.admin.librdkafka()
        | {"group.id": "faults-assigns-itself", "enable.auto.commit": False}
    )
    consumer.assign(
        [TopicPartition(*topic_partition, start_offsets.get(topic_partition, 0)) for topic_partition in left]
    )
    deadline = time.monotonic() + READ_SECONDS
    while left and time.monotonic() < deadline:
        yield from (one for one in consumer.consume(5_000, 0.1) if one.error() is None)
        for topic_partition in consumer.position(
            [TopicPartition(*topic_partition) for topic_partition in left]
        ):
            if topic_partition.offset >= left[topic_partition.topic, topic_partition.partition]:
                del left[topic_partition.topic, topic_partition.partition]
    consumer.close()


def _produce(context: FaultContext, records: list[Any], times: int) -> int:
    producer = Producer(
        context.environment.kafka.admin.librdkafka() | {"queue.buffering.max.messages": 1_000_000}
    )
    sent = 0
    for _ in range(times):
        for record in records:
            sent += _produce_copy(producer, record)
        producer.flush(60)
    return sent


def _produce_copy(producer: Producer, record: Any) -> int:
    headers = headers_of(record)
    if headers is None:
        return 0
    producer.produce(
        record.topic(), record.value(), record.key(), record.partition(), headers=headers, on_delivery=None
    )
    return 1
