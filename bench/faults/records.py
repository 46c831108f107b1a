"""Faults of records: everything again, twice or three times, in order or shuffled, groups set back, and poison."""

import asyncio
import time
from collections.abc import Iterator
from typing import Any

from confluent_kafka import Consumer, Producer, TopicPartition

from bench.faults.ground import Ground
from bench.faults.poison import HEARD, send
from bench.faults.watch import Ends
from contracts.permissions import SERVICES
from stack.account_sources import headers_of

MOST_COPIES = 30_000
READ_SECONDS = 60.0


def copy_everything(ground: Ground) -> None:
    """F7: every record of the round that lies on a heard topic is sent again, once or twice, in its order."""
    times = ground.rng.choice((1, 2))
    with ground.fault("F7", "") as fault:
        records = list(read_records(ground, ground.marks))[:MOST_COPIES]
        sent = _produce(ground, records, times)
        fault.what = f"{sent} copies: every record again, {times} times"


def copy_shuffled(ground: Ground) -> None:
    """F8: records of the round come again in any order, late by any number."""
    with ground.fault("F8", "") as fault:
        records = list(read_records(ground, ground.marks))
        chosen = ground.rng.sample(records, min(len(records), 3_000))
        fault.what = f"{_produce(ground, chosen, 1)} copies in any order"


def rewind(ground: Ground) -> None:
    """F7: a service stops, its whole group is set back to where the round began, and it starts again."""
    service = ground.rng.choice(SERVICES)
    with ground.fault("F7", f"the group of {service} is set back to the beginning of the round") as fault:
        with ground.stand.held_down((service, 0)):
            ground.stand.service(service).stop()
            _set_back(ground, service)
        fault.heal()
        ground.stand.wait_all()


def _set_back(ground: Ground, service: str) -> None:
    with ground.stand.client() as client:
        for row in client[service]["fences"].find({}):
            place = (str(row["topic"]), int(str(row["partition"])))
            mark = {"next": min(int(str(row["next"])), ground.marks.get(place, 0))}
            client[service]["fences"].update_one({"_id": row["_id"]}, {"$set": mark})


def poison_topics(ground: Ground) -> None:
    """F9: every kind of poison on every topic that is heard."""
    topics = list(HEARD)
    with ground.fault("F9", "", count=len(topics)) as fault:
        seed, spare = ground.rng.getrandbits(30), ground.spare
        sent, refused = asyncio.run(send(ground.stand.kafka.admin, topics, seed, spare))
        ground.poisons += sent
        ground.notes["poison that the broker refuses"] = refused
        fault.what = f"{len(sent)} poisonous records of {len({one.kind for one in sent})} kinds"


def read_records(ground: Ground, marks: Ends) -> Iterator[Any]:
    """Every record of the heard topics from these marks on; what the client library cannot read is left out."""
    names = {topic.name for topic in HEARD}
    ends = {place: end for place, end in ground.watch.marks().items() if place[0] in names}
    left = {place: end for place, end in ends.items() if end > marks.get(place, 0)}
    consumer = Consumer(
        ground.stand.kafka.admin.librdkafka()
        | {"group.id": "faults-assigns-itself", "enable.auto.commit": False}
    )
    consumer.assign([TopicPartition(*place, marks.get(place, 0)) for place in left])
    deadline = time.monotonic() + READ_SECONDS
    while left and time.monotonic() < deadline:
        yield from (one for one in consumer.consume(5_000, 0.1) if one.error() is None)
        for place in consumer.position([TopicPartition(*place) for place in left]):
            if place.offset >= left[place.topic, place.partition]:
                del left[place.topic, place.partition]
    consumer.close()


def _produce(ground: Ground, records: list[Any], times: int) -> int:
    producer = Producer(ground.stand.kafka.admin.librdkafka() | {"queue.buffering.max.messages": 1_000_000})
    sent = 0
    for _ in range(times):
        for record in records:
            sent += _again(producer, record)
        producer.flush(60)
    return sent


def _again(producer: Producer, record: Any) -> int:
    headers = headers_of(record)
    if headers is None:
        return 0
    producer.produce(
        record.topic(), record.value(), record.key(), record.partition(), headers=headers, on_delivery=None
    )
    return 1
