"""The rights on Kafka and MongoDB. Provisioning grants them; `make denials` verifies that everything else is denied.

| user | on Kafka | on MongoDB |
|---|---|---|
| `admin` | everything; it provisions and is the user of the broker itself | everything |
| a service | reads the topics it subscribes to, writes its own topics and its dead-letter topics; the group with its name | its own database |
| a team | reads the public topics; groups whose names begin with its name and a dot | nothing |
| `backup` | nothing | reads everything |
| `watcher` | describes topics, groups and log directories; reads no record | reads server counters and database sizes; reads no document |
"""

import re
from collections.abc import Mapping
from typing import Literal, NamedTuple

from contracts.topics import EVERY_CONSUMER, TOPICS, dead_letter_topic

ADMIN, BACKUP, WATCHER = "admin", "backup", "watcher"
SERVICES = tuple(dict.fromkeys(topic.owner for topic in TOPICS if topic.owner != EVERY_CONSUMER))
PUBLIC = tuple(topic.name for topic in TOPICS if topic.classification == "public")
TEAM = re.compile(r"[a-z][a-z0-9-]{1,29}[a-z0-9]")
KAFKA_USERS = (ADMIN, *SERVICES, WATCHER)
TAKEN = frozenset((BACKUP, "root", "anonymous", *KAFKA_USERS))


class Right(NamedTuple):
    """One right on Kafka; READ and WRITE include DESCRIBE."""

    operation: Literal["READ", "WRITE", "DESCRIBE"]
    resource: Literal["TOPIC", "GROUP", "BROKER"]
    name: str
    pattern: Literal["LITERAL", "PREFIXED"] = "LITERAL"


class Role(NamedTuple):
    """A role on one MongoDB database, which is also the user's authentication database.

    `actions` defines a role that is not built in: an action with its databases, none for the whole server.
    """

    name: str
    database: str
    actions: tuple[tuple[str, tuple[str, ...]], ...] = ()


# A consumer kills the session of its predecessor. This needs no role: users may end their own sessions.
MONGO: Mapping[str, Role] = {
    ADMIN: Role("root", "admin"),
    BACKUP: Role("backup", "admin"),
    # Not `inprog` and not `clusterMonitor`, which includes it: they reveal other users' operations with their values.
    WATCHER: Role("counts", "admin", (("serverStatus", ()), ("dbStats", SERVICES))),
    **{service: Role("readWrite", service) for service in SERVICES},
}


def subscriptions_of(service: str) -> tuple[str, ...]:
    """The topics that a service subscribes to."""
    return tuple(topic.name for topic in TOPICS if service in topic.subscribers)


def publications_of(service: str) -> tuple[str, ...]:
    """The topics that a service writes: its own, those that every consumer writes, and its dead-letter topics."""
    own = [topic.name for topic in TOPICS if topic.owner in (service, EVERY_CONSUMER)]
    return (*own, *(dead_letter_topic(name, service) for name in subscriptions_of(service)))


def kafka_rights(user: str) -> frozenset[Right]:
    """All rights of a user on Kafka; a user that is neither a service nor the watcher is a team."""
    if user == WATCHER:
        return _watcher_rights()
    if user not in SERVICES:
        reads = {Right("READ", "TOPIC", name) for name in PUBLIC}
        return frozenset(reads | {Right("READ", "GROUP", group_prefix(user), "PREFIXED")})
    reads = {Right("READ", "TOPIC", name) for name in subscriptions_of(user)}
    writes = {Right("WRITE", "TOPIC", name) for name in publications_of(user)}
    return frozenset(reads | writes | {Right("READ", "GROUP", user)})


def _watcher_rights() -> frozenset[Right]:
    mirrors = (dead_letter_topic(topic.name, one) for topic in TOPICS for one in topic.subscribers)
    topics = {Right("DESCRIBE", "TOPIC", name) for name in (*(topic.name for topic in TOPICS), *mirrors)}
    groups = {Right("DESCRIBE", "GROUP", service) for service in SERVICES}
    return frozenset(topics | groups | {Right("DESCRIBE", "BROKER", "kafka-cluster")})


def group_prefix(team: str) -> str:
    """The prefix of the names of a team's consumer groups."""
    return f"{team}."


def team_name(name: str) -> str:
    """The name of a team; raises ValueError when it is malformed or reserved."""
    if not TEAM.fullmatch(name):
        raise ValueError(
            f"NAME is {name!r}: take 3 to 31 lower-case letters, digits and hyphens, beginning with a letter "
            "and not ending with a hyphen, such as NAME=cruscotto"
        )
    if name in TAKEN:
        raise ValueError(f"NAME is {name!r}, which Ascolto uses itself: take the name of the team")
    return name
