"""The attempts on the broker: every topic and group, administration, and wrong credentials."""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import replace
from typing import Any

from confluent_kafka import (
    OFFSET_BEGINNING,
    Consumer,
    ConsumerGroupTopicPartitions,
    KafkaException,
    Producer,
    TopicPartition,
)
from confluent_kafka.admin import (
    AclBinding,
    AclOperation,
    AclPermissionType,
    AdminClient,
    OffsetSpec,
    ResourcePatternType,
    ResourceType,
)
from confluent_kafka.cimpl import NewTopic

from contracts.connection import Connection
from contracts.permissions import SERVICES, group_prefix, kafka_rights
from contracts.topics import TOPICS, dead_letter_topic
from stack.kafka_login import handshake, wrong_password
from stack.permission_attempts import ALLOWED, NO_ANSWER, Attempt

TIMEOUT_SECONDS = 20.0
ALL_TOPICS = (
    *(topic.name for topic in TOPICS),
    *(dead_letter_topic(topic.name, service) for topic in TOPICS for service in topic.subscribers),
)


def attempts(connections: Mapping[str, Connection]) -> Iterator[Attempt]:
    """All attempts of all users; the broker must allow exactly what the table grants."""
    for user, connection in connections.items():
        yield from _writes(user, connection)
    for user, connection in connections.items():
        yield from _reads(user, connection)
        yield from _groups(user, connection, connections)
        yield from _administration(user, connection)
        yield Attempt("kafka", user, "log in with a wrong password", wrong_password(connection))
    any_connection = next(iter(connections.values()))
    yield Attempt("kafka", "stranger", "log in", wrong_password(replace(any_connection, user="stranger")))
    yield Attempt("kafka", "anonymous", "log in without a password", handshake(any_connection, "ANONYMOUS"))


def _may(user: str, operation: str, resource: str) -> frozenset[str]:
    return frozenset(
        right.name
        for right in kafka_rights(user)
        if (right.operation, right.resource) == (operation, resource)
    )


def _writes(user: str, connection: Connection) -> Iterator[Attempt]:
    answers: dict[str, str] = {}
    producer = Producer(
        connection.librdkafka() | {"message.timeout.ms": TIMEOUT_SECONDS * 1000, "log_level": 0}
    )
    for topic in ALL_TOPICS:
        _produce(producer, topic, answers)
    producer.flush(TIMEOUT_SECONDS)
    may = _may(user, "WRITE", "TOPIC")
    for topic in ALL_TOPICS:
        yield Attempt("kafka", user, f"write {topic}", answers.get(topic, NO_ANSWER), topic in may)


def _produce(producer: Producer, topic: str, answers: dict[str, str]) -> None:
    def note(error: Any, _: Any) -> None:
        answers[topic] = ALLOWED if error is None else error.name()

    producer.produce(topic, b"tried", partition=0, on_delivery=note)


def _reads(user: str, connection: Connection) -> Iterator[Attempt]:
    may, answers = _may(user, "READ", "TOPIC"), _read_each(user, connection)
    for topic in ALL_TOPICS:
        yield Attempt("kafka", user, f"read {topic}", answers.get(topic, NO_ANSWER), topic in may)


def _read_each(user: str, connection: Connection) -> dict[str, str]:
    """The answer for each topic: to ListOffsets and, where that is allowed, to a fetch."""
    admin = AdminClient(connection.librdkafka() | {"log_level": 0})
    wanted = {TopicPartition(topic, 0): OffsetSpec.latest() for topic in ALL_TOPICS}
    asked = admin.list_offsets(wanted, request_timeout=TIMEOUT_SECONDS)
    answers = {partition.topic: _answer(future) for partition, future in asked.items()}
    shown = [topic for topic, answer in answers.items() if answer == ALLOWED]
    return answers | dict.fromkeys(shown, NO_ANSWER) | _fetch_each(user, connection, shown)


def _fetch_each(user: str, connection: Connection, topics: Sequence[str]) -> dict[str, str]:
    settings = {"group.id": f"{group_prefix(user)}tried", "enable.auto.commit": False, "log_level": 0}
    consumer = Consumer(connection.librdkafka() | settings)
    consumer.assign([TopicPartition(topic, 0, OFFSET_BEGINNING) for topic in topics])
    answers: dict[str, str] = {}
    deadline = time.monotonic() + TIMEOUT_SECONDS
    while len(answers) < len(topics) and time.monotonic() < deadline:
        for message in consumer.consume(100, 0.1):
            topic, error = message.topic(), message.error()
            if topic is not None:  # otherwise it is an error of the group, not of a topic
                answers.setdefault(topic, ALLOWED if error is None else error.name())
    consumer.close()
    return answers


def _groups(user: str, connection: Connection, users: Iterable[str]) -> Iterator[Attempt]:
    """Attempts to reset the offsets of other groups."""
    own = user if user in SERVICES else f"{group_prefix(user)}tried"
    groups = [own, *SERVICES, *(f"{group_prefix(one)}tried" for one in users if one not in SERVICES)]
    admin = AdminClient(connection.librdkafka() | {"log_level": 0})
    topic, may = min(_may(user, "READ", "TOPIC") or ALL_TOPICS), bool(_may(user, "READ", "GROUP"))
    for group in dict.fromkeys([*groups, f"{user}x"]):
        answer = _reset_offset(admin, group, topic)
        yield Attempt("kafka", user, f"reset group {group}", answer, may and group == own)


def _reset_offset(admin: AdminClient, group: str, topic: str) -> str:
    """The answer of the group coordinator, which a fresh broker does not have at once."""
    deadline = time.monotonic() + TIMEOUT_SECONDS
    while True:
        asked = [ConsumerGroupTopicPartitions(group, [TopicPartition(topic, 0, 0)])]
        answer = _answer(_only(admin.alter_consumer_group_offsets(asked, request_timeout=TIMEOUT_SECONDS)))
        if "COORDINATOR" not in answer or time.monotonic() > deadline:
            return answer
        time.sleep(0.2)


def _administration(user: str, connection: Connection) -> Iterator[Attempt]:
    """Attempts to create and delete topics and to grant rights, which only the administrator may do."""
    admin = AdminClient(connection.librdkafka() | {"log_level": 0})
    right = AclBinding(
        ResourceType.TOPIC,
        "*",
        ResourcePatternType.LITERAL,
        f"User:{user}",
        "*",
        AclOperation.ALL,
        AclPermissionType.ALLOW,
    )
    actions: dict[str, Callable[[], Any]] = {
        "create a topic": lambda: admin.create_topics([NewTopic(f"{user}.tried", 1, 1)]),
        "delete intake.reports": lambda: admin.delete_topics(["intake.reports"]),
        "grant itself every right": lambda: admin.create_acls([right]),
    }
    for action, ask in actions.items():
        yield Attempt("kafka", user, action, _answer(_only(ask())))


def _answer(future: "Future[Any]") -> str:
    try:
        answer = future.result(TIMEOUT_SECONDS)
    except KafkaException as error:
        return str(error.args[0].name())
    # With the right to describe the group, the answer has one error per partition.
    refused = [one.error.name() for one in getattr(answer, "topic_partitions", ()) if one.error]
    return refused[0] if refused else ALLOWED


def _only(futures: Mapping[Any, "Future[Any]"]) -> "Future[Any]":
    [future] = futures.values()
    return future
