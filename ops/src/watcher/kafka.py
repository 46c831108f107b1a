"""A look at Kafka: how far each service has read, how old what it has not read is, and how full the disk is."""

import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from contracts.connection import Connection
from contracts.permissions import SERVICES, subscriptions_of
from contracts.topics import TOPICS, dead_letter_topic
from watcher.board import Sample
from watcher.log_dirs import Disk, disk
from watcher.quorum import without_vote

ALL_TOPICS = (
    *(topic.name for topic in TOPICS),
    *(dead_letter_topic(topic.name, one) for topic in TOPICS for one in topic.subscribers),
)
PRECISION_MS = 500
LONGEST_MS = 30 * 86_400_000

Offsets = Mapping[TopicPartition, int]


async def look(kafka: Connection) -> list[Sample]:
    """What there is to see now; raises KafkaError, OSError or TimeoutError when the broker does not answer.

    Everything is asked anew on fresh connections, so that no state of a client stands between us and the broker.
    """
    admin = AIOKafkaAdminClient(**kafka.aiokafka(), client_id="ascolto-watcher", request_timeout_ms=5_000)
    consumer = AIOKafkaConsumer(**kafka.aiokafka(), client_id="ascolto-watcher", request_timeout_ms=5_000)
    try:
        await admin.start()
        await consumer.start()
        await consumer._client.set_topics(ALL_TOPICS)  # nothing is assigned, so nothing is fetched
        seen = [Sample("kafka_up", 1), await _copies(admin)]
        begins, ends = await _ends(consumer)
        for group in SERVICES:
            seen += await _group(group, admin, consumer, begins, ends)
        for topic in ALL_TOPICS:
            written = sum(end for place, end in ends.items() if place.topic == topic)
            seen.append(Sample("kafka_topic_records_total", written, (topic,)))
        brokers = [broker.nodeId for broker in consumer._client.cluster.brokers()]
        seen.append(Sample("kafka_brokers", len(brokers)))
        seen.append(Sample("kafka_brokers_without_vote", await without_vote(consumer._client, brokers[0])))
        seen += _disks([await disk(consumer._client, broker) for broker in brokers])
    finally:
        await consumer.stop()
        await admin.close()
    return seen


async def _copies(admin: AIOKafkaAdminClient) -> Sample:
    topics = await admin.describe_topics(list(ALL_TOPICS))
    behind = sum(len(one["isr"]) < len(one["replicas"]) for topic in topics for one in topic["partitions"])
    return Sample("kafka_under_replicated_partitions", behind)


async def _ends(consumer: AIOKafkaConsumer) -> tuple[Offsets, Offsets]:
    places = [
        TopicPartition(topic, number)
        for topic in ALL_TOPICS
        for number in sorted(consumer.partitions_for_topic(topic) or ())
    ]
    return await consumer.beginning_offsets(places), await consumer.end_offsets(places)


async def _group(
    group: str, admin: AIOKafkaAdminClient, consumer: AIOKafkaConsumer, begins: Offsets, ends: Offsets
) -> list[Sample]:
    hears = subscriptions_of(group)
    committed = await admin.list_consumer_group_offsets(group)
    read = {
        # Where nothing is committed a service begins at the beginning.
        place: max(begins[place], committed[place].offset if place in committed else 0)
        for place in ends
        if place.topic in hears
    }
    lag = {place: max(0, ends[place] - at) for place, at in read.items()}
    oldest = await _oldest(consumer, {place: read[place] for place, count in lag.items() if count})
    seen = [
        Sample("kafka_group_lag_records", count, (group, place.topic, str(place.partition)))
        for place, count in lag.items()
    ]
    for topic in hears:
        ages = [age for place, age in oldest.items() if place.topic == topic]
        past = sum(at for place, at in read.items() if place.topic == topic)
        seen.append(Sample("kafka_group_oldest_unread_age_seconds", max(ages, default=0.0), (group, topic)))
        seen.append(Sample("kafka_group_read_total", past, (group, topic)))
    [answer] = await admin.describe_consumer_groups([group])
    seen.append(Sample("kafka_group_members", len(answer.groups[0][5]), (group,)))
    return seen


async def _oldest(consumer: AIOKafkaConsumer, waiting: Offsets) -> dict[TopicPartition, float]:
    """How old the first unread record of each partition is, in seconds.

    Found by asking from which offset on records are younger than a moment, and halving: the records themselves, which
    a watcher has no right to, are never fetched.
    """
    now = int(time.time() * 1000)
    since = dict.fromkeys(waiting, now - LONGEST_MS)
    until = dict.fromkeys(waiting, now)
    open_ = set(waiting)
    while open_:
        middle = {place: (since[place] + until[place]) // 2 for place in open_}
        answers = await consumer.offsets_for_times(middle)
        for place, moment in middle.items():
            younger = answers.get(place)
            if younger is not None and younger.offset <= waiting[place]:
                since[place] = moment
            else:
                until[place] = moment
            if until[place] - since[place] <= PRECISION_MS:
                open_.discard(place)
    return {place: (now - moment) / 1000 for place, moment in since.items()}


def _disks(found: Sequence[Disk]) -> Iterator[Sample]:
    sizes: dict[str, int] = defaultdict(int)
    for one in found:
        for topic, size in one.topics.items():
            sizes[topic] += size
    for topic in ALL_TOPICS:
        yield Sample("kafka_topic_size_bytes", sizes[topic], (topic,))
    known = [one for one in found if one.size > 0]
    if known:
        fullest = min(known, key=lambda one: one.free / one.size)
        yield Sample("engine_disk_size_bytes", fullest.size, ("kafka",))
        yield Sample("engine_disk_free_bytes", fullest.free, ("kafka",))
