"""Who may do what on the engines: the one table. Provisioning writes it; `make denials` tries everything it does not say.

| user | on Kafka | on MongoDB |
|---|---|---|
| `admin` | everything: provisions, and is the broker's own user | everything |
| a service | reads what it hears, writes what it says, mirrors what it parks; the group of its name | its own database |
| a team | reads the public topics; groups that begin with its name and a dot | nothing |
| `backup` | nothing | reads everything, as backups need it |
| `watcher` | sees where topics end, how far services have read and how much lies on the disk; reads no record | sees the server's counts and the sizes of databases; reads no document |
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
    """One thing that a user of Kafka may do; reading and writing include looking at what is there."""

    operation: Literal["READ", "WRITE", "DESCRIBE"]
    resource: Literal["TOPIC", "GROUP", "BROKER"]
    name: str
    pattern: Literal["LITERAL", "PREFIXED"] = "LITERAL"


class Role(NamedTuple):
    """What a user of MongoDB may do: a role on one database, where the user is known too.

    A role that is not built in says what it consists of: an action, and the databases it is for (empty: the server).
    """

    name: str
    database: str
    actions: tuple[tuple[str, tuple[str, ...]], ...] = ()


# Killing a session, as a consumer does with the one of its predecessor, needs no role: the server lets users end their own.
MONGO: Mapping[str, Role] = {
    ADMIN: Role("root", "admin"),
    BACKUP: Role("backup", "admin"),
    # Neither `inprog` nor `clusterMonitor`, which holds it: both show what others are doing, values and all.
    WATCHER: Role("counts", "admin", (("serverStatus", ()), ("dbStats", SERVICES))),
    **{service: Role("readWrite", service) for service in SERVICES},
}


def heard_by(service: str) -> tuple[str, ...]:
    """The topics a service reads."""
    return tuple(topic.name for topic in TOPICS if service in topic.heard_by)


def said_by(service: str) -> tuple[str, ...]:
    """The topics a service writes: its own, what every consumer says, and the mirrors of what it parks."""
    own = [topic.name for topic in TOPICS if topic.owner in (service, EVERY_CONSUMER)]
    return (*own, *(dead_letter_topic(name, service) for name in heard_by(service)))


def kafka_rights(user: str) -> frozenset[Right]:
    """All that a user may do on Kafka; whoever is no service and not the watcher is another team."""
    if user == WATCHER:
        return _seen_by_the_watcher()
    if user not in SERVICES:
        reads = {Right("READ", "TOPIC", name) for name in PUBLIC}
        return frozenset(reads | {Right("READ", "GROUP", group_prefix(user), "PREFIXED")})
    reads = {Right("READ", "TOPIC", name) for name in heard_by(user)}
    writes = {Right("WRITE", "TOPIC", name) for name in said_by(user)}
    return frozenset(reads | writes | {Right("READ", "GROUP", user)})


def _seen_by_the_watcher() -> frozenset[Right]:
    mirrors = (dead_letter_topic(topic.name, one) for topic in TOPICS for one in topic.heard_by)
    topics = {Right("DESCRIBE", "TOPIC", name) for name in (*(topic.name for topic in TOPICS), *mirrors)}
    groups = {Right("DESCRIBE", "GROUP", service) for service in SERVICES}
    return frozenset(topics | groups | {Right("DESCRIBE", "BROKER", "kafka-cluster")})


def group_prefix(team: str) -> str:
    """What the names of a team's consumer groups begin with."""
    return f"{team}."


def team_name(name: str) -> str:
    """The name, when another team may have it; raises ValueError saying what it must look like."""
    if not TEAM.fullmatch(name):
        raise ValueError(
            f"NAME is {name!r}: take 3 to 31 small letters, digits and hyphens that begin with a letter "
            "and do not end with a hyphen, such as NAME=cruscotto"
        )
    if name in TAKEN:
        raise ValueError(f"NAME is {name!r}, which is taken by Ascolto itself: take the name of the team")
    return name
