"""What everybody tries on the broker: each topic and group that is not theirs, and what only the administrator may do."""

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
    """Every user tries everything there is; what the table grants must be answered with yes, all else with no."""
    for user, connection in connections.items():
        yield from _writes(user, connection)
    for user, connection in connections.items():
        yield from _reads(user, connection)
        yield from _groups(user, connection, connections)
        yield from _administration(user, connection)
        yield Attempt("kafka", user, "log in with a wrong password", wrong_password(connection))
    somebody = next(iter(connections.values()))
    yield Attempt("kafka", "stranger", "log in", wrong_password(replace(somebody, user="stranger")))
    yield Attempt("kafka", "anonymous", "come in without a password", handshake(somebody, "ANONYMOUS"))


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
    """The answer of each topic: to the question where it ends, and where that is answered, to a fetch."""
    admin = AdminClient(connection.librdkafka() | {"log_level": 0})
    wanted = {TopicPartition(topic, 0): OffsetSpec.latest() for topic in ALL_TOPICS}
    asked = admin.list_offsets(wanted, request_timeout=TIMEOUT_SECONDS)
    answers = {place.topic: _answer(future) for place, future in asked.items()}
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
            if topic is not None:  # else it is about the group, which answers nothing of what is asked
                answers.setdefault(topic, ALLOWED if error is None else error.name())
    consumer.close()
    return answers


def _groups(user: str, connection: Connection, everybody: Iterable[str]) -> Iterator[Attempt]:
    """Groups of others are not to be set back."""
    own = user if user in SERVICES else f"{group_prefix(user)}tried"
    groups = [own, *SERVICES, *(f"{group_prefix(one)}tried" for one in everybody if one not in SERVICES)]
    admin = AdminClient(connection.librdkafka() | {"log_level": 0})
    topic, may = min(_may(user, "READ", "TOPIC") or ALL_TOPICS), bool(_may(user, "READ", "GROUP"))
    for group in dict.fromkeys([*groups, f"{user}x"]):
        answer = _reset_offset(admin, group, topic)
        yield Attempt("kafka", user, f"set back group {group}", answer, may and group == own)


def _reset_offset(admin: AdminClient, group: str, topic: str) -> str:
    """The answer of who coordinates the group; on a fresh broker that is nobody for a moment."""
    deadline = time.monotonic() + TIMEOUT_SECONDS
    while True:
        asked = [ConsumerGroupTopicPartitions(group, [TopicPartition(topic, 0, 0)])]
        answer = _answer(_only(admin.alter_consumer_group_offsets(asked, request_timeout=TIMEOUT_SECONDS)))
        if "COORDINATOR" not in answer or time.monotonic() > deadline:
            return answer
        time.sleep(0.2)


def _administration(user: str, connection: Connection) -> Iterator[Attempt]:
    """Nobody but the administrator makes or removes topics, or gives rights."""
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
        "make a topic": lambda: admin.create_topics([NewTopic(f"{user}.tried", 1, 1)]),
        "remove intake.reports": lambda: admin.delete_topics(["intake.reports"]),
        "give itself every right": lambda: admin.create_acls([right]),
    }
    for action, ask in actions.items():
        yield Attempt("kafka", user, action, _answer(_only(ask())))


def _answer(future: "Future[Any]") -> str:
    try:
        answer = future.result(TIMEOUT_SECONDS)
    except KafkaException as error:
        return str(error.args[0].name())
    # Who may look at a group is told of each partition apart that its offset stays where it is.
    refused = [one.error.name() for one in getattr(answer, "topic_partitions", ()) if one.error]
    return refused[0] if refused else ALLOWED


def _only(futures: Mapping[Any, "Future[Any]"]) -> "Future[Any]":
    [future] = futures.values()
    return future
