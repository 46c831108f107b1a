"""Three brokers with the deployed settings: the loss of one has no effect; without two nothing is accepted or lost."""

import asyncio
import shutil
import time
from collections.abc import Callable, Iterator, Sequence

import pytest
from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, Message, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, ConfigResource
from tests.ha.ha_system import start_brokers, three_brokers

from contracts.permissions import ADMIN, SERVICES
from contracts.topics import BY_NAME
from ops.provision import provision, wanted
from stack.kafka import Kafka
from stack.tools import Tools
from watcher.kafka import collect

pytestmark = [pytest.mark.engines, pytest.mark.foreign, pytest.mark.timeout(300)]

TOPIC, WITHOUT_VOTE = "intake.reports", "kafka_brokers_without_vote"


@pytest.fixture(scope="module")
def brokers(tools: Tools, tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Kafka]]:
    brokers = three_brokers(tmp_path_factory.mktemp("kafka"), tools)
    try:
        start_brokers(brokers)
        first = brokers[0]
        provision(first.admin, 3, {user: first.passwords[user] for user in (ADMIN, *SERVICES)})
        yield brokers
    finally:
        for broker in brokers:
            broker.kill()


def client(brokers: Sequence[Kafka]) -> AdminClient:
    return AdminClient(brokers[0].admin.librdkafka() | {"log_level": 0})


def until(what: str, probe: Callable[[], bool], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not probe():
        assert time.monotonic() < deadline, f"{what} did not happen"
        time.sleep(0.2)


def in_sync(brokers: Sequence[Kafka]) -> set[int]:
    """The numbers of in-sync replicas of all partitions."""
    topics = client(brokers).list_topics(timeout=10).topics.values()
    return {len(one.isrs) for topic in topics for one in topic.partitions.values()}


def without_vote(brokers: Sequence[Kafka]) -> float:
    """The number of brokers without a vote, as the watcher reports it."""
    return next(one.value for one in asyncio.run(collect(brokers[0].admin)) if one.name == WITHOUT_VOTE)


def publish(
    brokers: Sequence[Kafka], values_: Sequence[str], seconds: int = 40
) -> tuple[list[str], set[str]]:
    """Publishes values; returns the acknowledged ones and the errors of the others."""
    settings = brokers[0].as_user("intake").librdkafka() | {"log_level": 0}
    more = {"acks": "all", "enable.idempotence": True, "message.timeout.ms": seconds * 1000}
    producer, accepted, refusals = Producer(settings | more), list[str](), set[str]()

    def on_delivery(error: KafkaError | None, message: Message) -> None:
        if error:
            refusals.add(error.name())
        else:
            accepted.append((message.value() or b"").decode())

    for value in values_:
        producer.produce(TOPIC, value.encode(), value.encode(), on_delivery=on_delivery)
    assert producer.flush(seconds + 20) == 0
    return accepted, refusals


def read(brokers: Sequence[Kafka]) -> list[str]:
    """Reads the whole topic from the beginning, in the group of routing."""
    settings = brokers[0].as_user("routing").librdkafka() | {"log_level": 0}
    # The test commits explicitly below.
    more = {"group.id": "routing", "enable.auto.commit": False, "enable.partition.eof": True}
    consumer, values = Consumer(settings | more), list[str]()
    ended: set[int | None] = set()
    consumer.subscribe([TOPIC], on_assign=lambda one, places: one.assign(_from_the_beginning(places)))
    deadline = time.monotonic() + 60
    try:
        while len(ended) < BY_NAME[TOPIC].partitions:
            assert time.monotonic() < deadline, "the topic was not read to its end"
            record = consumer.poll(1)
            if record and record.error():
                ended.add(record.partition())
            elif record:
                values.append((record.value() or b"").decode())
        if values:
            consumer.commit(asynchronous=False)
    finally:
        consumer.close()
    return values


def _from_the_beginning(places: Sequence[TopicPartition]) -> list[TopicPartition]:
    return [TopicPartition(one.topic, one.partition, OFFSET_BEGINNING) for one in places]


def test_every_topic_has_three_replicas_of_which_two_acknowledge(brokers: list[Kafka]) -> None:
    assert publish(brokers, ["first"]) == (["first"], set())
    assert read(brokers) == ["first"]  # now __consumer_offsets exists

    admin = client(brokers)
    topics = admin.list_topics(timeout=10).topics
    configs = admin.describe_configs([ConfigResource(ConfigResource.Type.TOPIC, name) for name in topics])
    needed = {
        resource.name: done.result(20)["min.insync.replicas"].value for resource, done in configs.items()
    }

    assert {"__consumer_offsets", *(topic.name for topic in wanted())} <= set(topics)
    assert {len(one.replicas) for topic in topics.values() for one in topic.partitions.values()} == {3}
    assert set(needed.values()) == {"2"}


def test_the_loss_of_the_founding_broker_has_no_effect(brokers: list[Kafka]) -> None:
    first = brokers[0]
    first.kill()

    assert publish(brokers, ["without it"]) == (["without it"], set())
    assert "without it" in read(brokers)

    first.start()
    until("the third copy", lambda: in_sync(brokers) == {3})


def test_without_two_brokers_nothing_is_accepted_and_nothing_is_lost(
    brokers: list[Kafka],
) -> None:
    before = read(brokers)
    for broker in brokers[:2]:
        broker.kill()

    assert publish(brokers, [f"refused {number}" for number in range(24)], seconds=5) == (
        [],
        {"_MSG_TIMED_OUT"},
    )

    start_brokers(brokers)
    until("the third copy", lambda: in_sync(brokers) == {3})
    assert publish(brokers, ["after"]) == (["after"], set())
    assert {*before, "after"} <= set(read(brokers))


def test_a_broker_with_a_lost_disk_copies_everything(brokers: list[Kafka]) -> None:
    first = brokers[0]
    first.kill()
    shutil.rmtree(first.folder / "data")

    first.start()
    until("the third copy and the third vote", lambda: in_sync(brokers) == {3} and not without_vote(brokers))
    brokers[1].kill()

    assert publish(brokers, ["by the newcomer"]) == (["by the newcomer"], set())
    assert {"first", "by the newcomer"} <= set(read(brokers))
