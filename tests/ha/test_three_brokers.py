"""Three brokers with the deployed settings: one may be lost, with two lost nothing is accepted, and nothing accepted is lost."""

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
from watcher.kafka import look

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
        assert time.monotonic() < deadline, f"{what} did not come"
        time.sleep(0.2)


def in_sync(brokers: Sequence[Kafka]) -> set[int]:
    """How many copies are in sync, of every partition that there is."""
    topics = client(brokers).list_topics(timeout=10).topics.values()
    return {len(one.isrs) for topic in topics for one in topic.partitions.values()}


def voteless(brokers: Sequence[Kafka]) -> float:
    """How many brokers have no vote in the quorum, as the watcher sees it."""
    return next(one.value for one in asyncio.run(look(brokers[0].admin)) if one.name == WITHOUT_VOTE)


def say(brokers: Sequence[Kafka], words: Sequence[str], seconds: int = 40) -> tuple[list[str], set[str]]:
    """Sends words, and returns those that were acknowledged and why the others were not."""
    settings = brokers[0].as_user("intake").librdkafka() | {"log_level": 0}
    more = {"acks": "all", "enable.idempotence": True, "message.timeout.ms": seconds * 1000}
    producer, accepted, refusals = Producer(settings | more), list[str](), set[str]()

    def told(error: KafkaError | None, message: Message) -> None:
        if error:
            refusals.add(error.name())
        else:
            accepted.append((message.value() or b"").decode())

    for word in words:
        producer.produce(TOPIC, word.encode(), word.encode(), on_delivery=told)
    assert producer.flush(seconds + 20) == 0
    return accepted, refusals


def hear(brokers: Sequence[Kafka]) -> list[str]:
    """All that lies on the topic, as the group of routing reads it from the beginning."""
    settings = brokers[0].as_user("routing").librdkafka() | {"log_level": 0}
    # What is committed is said below: a commit in the background would leave nothing to say.
    more = {"group.id": "routing", "enable.auto.commit": False, "enable.partition.eof": True}
    consumer, heard = Consumer(settings | more), list[str]()
    ended: set[int | None] = set()
    consumer.subscribe([TOPIC], on_assign=lambda one, places: one.assign(_from_the_beginning(places)))
    deadline = time.monotonic() + 60
    try:
        while len(ended) < BY_NAME[TOPIC].partitions:
            assert time.monotonic() < deadline, "the topic was not heard to its end"
            record = consumer.poll(1)
            if record and record.error():
                ended.add(record.partition())
            elif record:
                heard.append((record.value() or b"").decode())
        if heard:
            consumer.commit(asynchronous=False)
    finally:
        consumer.close()
    return heard


def _from_the_beginning(places: Sequence[TopicPartition]) -> list[TopicPartition]:
    return [TopicPartition(one.topic, one.partition, OFFSET_BEGINNING) for one in places]


def test_every_topic_has_three_copies_of_which_two_acknowledge(brokers: list[Kafka]) -> None:
    assert say(brokers, ["first"]) == (["first"], set())
    assert hear(brokers) == ["first"]  # now the group's positions are a topic too

    admin = client(brokers)
    topics = admin.list_topics(timeout=10).topics
    asked = admin.describe_configs([ConfigResource(ConfigResource.Type.TOPIC, name) for name in topics])
    needed = {resource.name: done.result(20)["min.insync.replicas"].value for resource, done in asked.items()}

    assert {"__consumer_offsets", *(topic.name for topic in wanted())} <= set(topics)
    assert {len(one.replicas) for topic in topics.values() for one in topic.partitions.values()} == {3}
    assert set(needed.values()) == {"2"}


def test_the_broker_that_founded_the_cluster_may_be_lost(brokers: list[Kafka]) -> None:
    first = brokers[0]
    first.kill()

    assert say(brokers, ["without it"]) == (["without it"], set())
    assert "without it" in hear(brokers)

    first.start()
    until("the third copy", lambda: in_sync(brokers) == {3})


def test_with_two_lost_nothing_is_accepted_and_what_was_is_there_when_they_come_back(
    brokers: list[Kafka],
) -> None:
    before = hear(brokers)
    for broker in brokers[:2]:
        broker.kill()

    assert say(brokers, [f"refused {number}" for number in range(24)], seconds=5) == ([], {"_MSG_TIMED_OUT"})

    start_brokers(brokers)
    until("the third copy", lambda: in_sync(brokers) == {3})
    assert say(brokers, ["after"]) == (["after"], set())
    assert {*before, "after"} <= set(hear(brokers))


def test_a_broker_that_lost_its_disk_gets_everything_again(brokers: list[Kafka]) -> None:
    first = brokers[0]
    first.kill()
    shutil.rmtree(first.folder / "data")

    first.start()
    until("the third copy and the third vote", lambda: in_sync(brokers) == {3} and not voteless(brokers))
    brokers[1].kill()

    assert say(brokers, ["by the newcomer"]) == (["by the newcomer"], set())
    assert {"first", "by the newcomer"} <= set(hear(brokers))
