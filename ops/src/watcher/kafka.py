"""Collects metrics of Kafka: lag and age of unread records per group, replicas, members and disk space."""

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


async def collect(kafka: Connection) -> list[Sample]:
    """The current samples; raises KafkaError, OSError or TimeoutError when no broker responds.

    Every call opens new connections, so that no cached client state hides the state of the broker.
    """
    admin = AIOKafkaAdminClient(**kafka.aiokafka(), client_id="ascolto-watcher", request_timeout_ms=5_000)
    consumer = AIOKafkaConsumer(**kafka.aiokafka(), client_id="ascolto-watcher", request_timeout_ms=5_000)
    try:
        await admin.start()
        await consumer.start()
        await consumer._client.set_topics(ALL_TOPICS)  # nothing is assigned, so nothing is fetched
        samples = [Sample("kafka_up", 1), await _replicas(admin)]
        beginnings, ends = await _ends(consumer)
        for group in SERVICES:
            samples += await _group(group, admin, consumer, beginnings, ends)
        for topic in ALL_TOPICS:
            written = sum(end for partition, end in ends.items() if partition.topic == topic)
            samples.append(Sample("kafka_topic_records_total", written, (topic,)))
        brokers = [broker.nodeId for broker in consumer._client.cluster.brokers()]
        samples.append(Sample("kafka_brokers", len(brokers)))
        samples.append(Sample("kafka_brokers_without_vote", await without_vote(consumer._client, brokers[0])))
        samples += _disks([await disk(consumer._client, broker) for broker in brokers])
    finally:
        await consumer.stop()
        await admin.close()
    return samples


async def _replicas(admin: AIOKafkaAdminClient) -> Sample:
    topics = await admin.describe_topics(list(ALL_TOPICS))
    behind = sum(len(one["isr"]) < len(one["replicas"]) for topic in topics for one in topic["partitions"])
    return Sample("kafka_under_replicated_partitions", behind)


async def _ends(consumer: AIOKafkaConsumer) -> tuple[Offsets, Offsets]:
    partitions = [
        TopicPartition(topic, number)
        for topic in ALL_TOPICS
        for number in sorted(consumer.partitions_for_topic(topic) or ())
    ]
    return await consumer.beginning_offsets(partitions), await consumer.end_offsets(partitions)


async def _group(
    group: str, admin: AIOKafkaAdminClient, consumer: AIOKafkaConsumer, beginnings: Offsets, ends: Offsets
) -> list[Sample]:
    topics = subscriptions_of(group)
    committed = await admin.list_consumer_group_offsets(group)
    read = {
        # Without a committed offset a group starts at the earliest record.
        partition: max(beginnings[partition], committed[partition].offset if partition in committed else 0)
        for partition in ends
        if partition.topic in topics
    }
    lag = {partition: max(0, ends[partition] - at) for partition, at in read.items()}
    oldest = await _oldest(
        consumer, {partition: read[partition] for partition, count in lag.items() if count}
    )
    samples = [
        Sample("kafka_group_lag_records", count, (group, partition.topic, str(partition.partition)))
        for partition, count in lag.items()
    ]
    for topic in topics:
        ages = [age for partition, age in oldest.items() if partition.topic == topic]
        past = sum(at for partition, at in read.items() if partition.topic == topic)
        samples.append(
            Sample("kafka_group_oldest_unread_age_seconds", max(ages, default=0.0), (group, topic))
        )
        samples.append(Sample("kafka_group_read_total", past, (group, topic)))
    [answer] = await admin.describe_consumer_groups([group])
    samples.append(Sample("kafka_group_members", len(answer.groups[0][5]), (group,)))
    return samples


async def _oldest(consumer: AIOKafkaConsumer, waiting: Offsets) -> dict[TopicPartition, float]:
    """The age of the first unread record of each partition, in seconds.

    Found by a binary search with offsets_for_times(): the watcher has no right to fetch the records.
    """
    now = int(time.time() * 1000)
    since = dict.fromkeys(waiting, now - LONGEST_MS)
    until = dict.fromkeys(waiting, now)
    open_ = set(waiting)
    while open_:
        middle = {partition: (since[partition] + until[partition]) // 2 for partition in open_}
        answers = await consumer.offsets_for_times(middle)
        for partition, moment in middle.items():
            younger = answers.get(partition)
            if younger is not None and younger.offset <= waiting[partition]:
                since[partition] = moment
            else:
                until[partition] = moment
            if until[partition] - since[partition] <= PRECISION_MS:
                open_.discard(partition)
    return {partition: (now - moment) / 1000 for partition, moment in since.items()}


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
