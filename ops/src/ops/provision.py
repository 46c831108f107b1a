"""Provisioning: creates topics, users and ACLs on Kafka as in the contracts, before a service starts.

`subscriber NAME` creates the user of another team, or renews its ACLs.
"""

import argparse
import os
import secrets
import sys
import time
from collections.abc import Mapping, Sequence, Set
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient, ConfigResource
from confluent_kafka.cimpl import NewTopic

from chassis.consumer.raw_fetch import unread_codecs
from contracts.connection import MECHANISM, Connection
from contracts.permissions import ADMIN, KAFKA_USERS, group_prefix, team_name
from contracts.topics import TOPICS, Topic, dead_letter_topic
from ops.kafka_rights import apply_rights, users

WAIT_SECONDS = 60.0
COMPRESSIONS = frozenset({"producer", "uncompressed", "gzip", "snappy", "lz4", "zstd"})


def wanted() -> list[Topic]:
    """All topics: those of the contracts, and a dead-letter topic for each of their consumers."""
    dead = [
        replace(
            topic, name=dead_letter_topic(topic.name, consumer), owner=consumer, partitions=1, subscribers=()
        )
        for topic in TOPICS
        for consumer in topic.subscribers
    ]
    return [*TOPICS, *dead]


def _new(topic: Topic, replicas: int) -> NewTopic:
    day = 86_400_000
    return NewTopic(
        topic.name,
        topic.partitions,
        replicas,
        config={
            "retention.ms": str(topic.retention_days * day),
            "max.message.bytes": str(topic.max_record_bytes * 4),
            "cleanup.policy": "delete",
            "min.insync.replicas": str(max(1, replicas - 1)),
        },
    )


def provision(kafka: Connection, replicas: int, passwords: Mapping[str, str] | None = None) -> list[str]:
    """Create the missing topics and return their names; with passwords, write users and ACLs too.

    Waits up to a minute for the broker; raises SystemExit when it refuses.
    """
    admin = reached(kafka)
    made = _create(admin, replicas)
    for name, codec in compressed(admin, COMPRESSIONS - set(unread_codecs())).items():
        text = (
            f"topic {name} has compression.type={codec}, which no service here can read: set it to `producer`"
        )
        print(f"provision: {text}", file=sys.stderr)
    if passwords:
        apply_rights(admin, passwords)
        _wait_for_logins(kafka, passwords)
    return made


def _wait_for_logins(kafka: Connection, passwords: Mapping[str, str]) -> None:
    """Wait until every user can log in: the broker lists a user shortly before it accepts the password."""
    for user, password in passwords.items():
        reached(replace(kafka, user=user, password=password))


def reached(kafka: Connection) -> AdminClient:
    """A client of a broker that answers; raises SystemExit when none does within a minute."""
    admin = AdminClient(kafka.librdkafka() | {"client.id": "ascolto-provision", "log_level": 0})
    deadline = time.monotonic() + WAIT_SECONDS
    while True:
        try:
            admin.list_topics(timeout=2)
        except KafkaException as error:
            if time.monotonic() > deadline:
                raise SystemExit(
                    f"provision: no Kafka at {kafka.servers} for {kafka.user!r}: {error}"
                ) from error
            print(
                f"provision: waiting for Kafka at {kafka.servers} ({error.args[0].name()})", file=sys.stderr
            )
            time.sleep(0.2)
        else:
            return admin


def _create(admin: AdminClient, replicas: int) -> list[str]:
    existing = set(admin.list_topics(timeout=10).topics)
    missing = [topic for topic in wanted() if topic.name not in existing]
    asked = admin.create_topics([_new(topic, replicas) for topic in missing]) if missing else {}
    for name, done in asked.items():
        try:
            done.result(30)
        except KafkaException as error:
            if error.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:
                raise SystemExit(f"provision: topic {name} not created: {error}") from error
    return [topic.name for topic in missing]


def compressed(admin: AdminClient, readable: Set[str]) -> dict[str, str]:
    """The topics for which the broker uses a compression that cannot be read here, and which."""
    there = admin.list_topics(timeout=10).topics
    asked = [
        ConfigResource(ConfigResource.Type.TOPIC, topic.name) for topic in wanted() if topic.name in there
    ]
    codecs: dict[str, str] = {}
    for one, done in (admin.describe_configs(asked) if asked else {}).items():
        with suppress(KafkaException):  # created or deleted at this moment: nothing is compressed in it yet
            codecs[one.name] = str(done.result(30)["compression.type"].value)
    return {name: codec for name, codec in codecs.items() if codec not in readable}


def onboard(kafka: Connection, team: str, password: str = "") -> str:
    """Create another team's user with its ACLs; returns its password, empty when the user keeps an unknown one.

    Raises ValueError for an invalid name.
    """
    name, admin = team_name(team), reached(kafka)
    if not password and name not in users(admin):
        password = secrets.token_urlsafe(24)
    renewed = {name: password} if password else {}
    apply_rights(admin, renewed)
    _wait_for_logins(kafka, renewed)
    return password


def settings_of(kafka: Connection, team: str, password: str) -> str:
    """The connection settings for a team, one per line."""
    lines = {
        "bootstrap": kafka.servers,
        "protocol": kafka.protocol,
        "mechanism": MECHANISM,
        "user": team,
        "password": password,
        "group prefix": group_prefix(team),
    } | ({"CA": kafka.ca} if kafka.ca else {})
    return "\n".join(f"{name:<13} {value}" for name, value in lines.items())


def _password_of(user: str, folder: Path) -> str:
    path = folder / f"{user}_kafka_password"
    return path.read_text().strip() if path.is_file() else ""


def main(words: Sequence[str]) -> None:
    """Read the addresses and passwords, and provision Kafka."""
    parser = argparse.ArgumentParser(prog="python -m ops.provision", description=__doc__)
    parser.add_argument("verb", nargs="?", choices=["subscriber"])
    parser.add_argument("name", nargs="?", default="", metavar="NAME", help="name of the other team")
    asked = parser.parse_args(words)
    folder = Path(os.environ.get("ASCOLTO_SECRETS", "/run/secrets"))
    passwords = {user: word for user in KAFKA_USERS if (word := _password_of(user, folder))}
    admin = ADMIN if ADMIN in passwords else ""
    ca = os.environ.get("ASCOLTO_KAFKA_CA", "")
    kafka = Connection(os.environ["ASCOLTO_KAFKA"], admin, passwords.get(ADMIN, ""), ca)
    if asked.verb == "subscriber":
        _onboard(kafka, asked.name)
        return
    made = provision(kafka, int(os.environ.get("ASCOLTO_REPLICAS", "1")), passwords)
    print(
        f"provision: {len(made)} topics created, {len(wanted()) - len(made)} were there; {len(passwords)} users"
    )


def _onboard(kafka: Connection, team: str) -> None:
    try:
        password = onboard(kafka, team, os.environ.get("ASCOLTO_SUBSCRIBER_PASSWORD", ""))
    except ValueError as error:
        raise SystemExit(f"subscriber: {error}") from error
    if outside := os.environ.get("ASCOLTO_OUTSIDE"):
        kafka = replace(kafka, servers=outside, ca="(the file that goes with this)")
    print(settings_of(kafka, team, password or "(as it was: only the team knows it)"))


if __name__ == "__main__":
    main(sys.argv[1:])
