"""The engines enforce the permissions table, and the permission tests detect one right too many or too few."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from confluent_kafka import KafkaException
from confluent_kafka.admin import (
    AclBinding,
    AclBindingFilter,
    AclOperation,
    AclPermissionType,
    AdminClient,
    ResourcePatternType,
    ResourceType,
)
from pymongo import MongoClient

from contracts.connection import Connection
from contracts.permissions import SERVICES, group_prefix, kafka_rights, team_name
from contracts.topics import TOPICS
from stack import permission_tests_kafka, permission_tests_mongo
from stack.onboarding import subscriber
from stack.permission_attempts import ALLOWED, NO_ANSWER, Attempt
from stack.permission_tests import TEAM, attempts, connections_of, report
from stack.processes import StackError
from stack.system import System
from stack.tools import Tools


@pytest.fixture(scope="module")
def system(tools: Tools, tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """Engines of their own, because the attempts write records to every topic."""
    system = System(tmp_path_factory.mktemp("locked"))
    try:
        system.start_engines()
        system.provision()
        yield system
    finally:
        system.stop()


@pytest.fixture(scope="module")
def admin(system: System) -> AdminClient:
    return AdminClient(system.kafka.admin.librdkafka())


def wrong(found: Iterator[Attempt]) -> list[tuple[str, str]]:
    return [(one.user, one.action) for one in found if not one.as_expected]


def reading(user: str, topic: str) -> AclBinding:
    return AclBinding(
        ResourceType.TOPIC,
        topic,
        ResourcePatternType.LITERAL,
        f"User:{user}",
        "*",
        AclOperation.READ,
        AclPermissionType.ALLOW,
    )


@pytest.mark.engines
def test_the_engines_allow_exactly_what_the_table_grants(
    system: System, capsys: pytest.CaptureFixture[str]
) -> None:
    found = list(attempts(system))

    assert report(found) == 0
    tried = [one for one in found if not one.granted]
    assert capsys.readouterr().out.splitlines()[-1] == f"denials: {len(tried)} tried, {len(tried)} denied"
    actions = {(one.engine, one.user, one.action) for one in tried}
    for service in SERVICES:
        others = set(SERVICES) - {service}
        assert {
            ("mongodb", service, f"{do} {other}") for do in ("read", "write") for other in others
        } <= actions
    for topic in TOPICS:
        readers = {one.user for one in found if one.granted and one.action == f"read {topic.name}"}
        writers = {one.user for one in found if one.granted and one.action == f"write {topic.name}"}
        assert readers == set(topic.subscribers) | ({TEAM} if topic.classification == "public" else set())
        assert writers == ({topic.owner} if topic.owner in SERVICES else set(SERVICES))


@pytest.mark.engines
def test_one_right_too_many_on_kafka_is_detected_and_provisioning_removes_it(
    system: System, admin: AdminClient
) -> None:
    connections = connections_of(system)
    [done] = admin.create_acls([reading("routing", "subsidies.applications")]).values()
    done.result(20)

    assert wrong(permission_tests_kafka.attempts(connections)) == [("routing", "read subsidies.applications")]
    system.provision()
    assert wrong(permission_tests_kafka.attempts(connections)) == []


@pytest.mark.engines
def test_one_right_too_few_on_kafka_is_detected_and_provisioning_restores_it(
    system: System, admin: AdminClient
) -> None:
    one = reading(TEAM, "routing.cases")
    connections = connections_of(system)
    [done] = admin.delete_acls(
        [AclBindingFilter(one.restype, one.name, one.resource_pattern_type, one.principal, "*", one.operation, one.permission_type)]
    ).values()  # fmt: skip
    done.result(20)

    assert (TEAM, "read routing.cases") in wrong(permission_tests_kafka.attempts(connections))
    system.provision()
    assert wrong(permission_tests_kafka.attempts(connections)) == []


@pytest.mark.engines
def test_one_role_too_many_on_mongodb_is_detected_and_the_next_start_removes_it(system: System) -> None:
    everybody = permission_tests_mongo.addresses_of(system.mongod.as_user)
    with MongoClient[dict[str, object]](system.mongod.admin) as client:
        role = {"role": "read", "db": "intake"}
        client["routing"].command("grantRolesToUser", "routing", roles=[role])

    assert wrong(permission_tests_mongo.attempts(everybody, system.mongod.address)) == [
        ("routing", "read intake")
    ]
    (system.mongod.folder / "initiated").unlink()
    system.mongod.wait_ready()
    assert wrong(permission_tests_mongo.attempts(everybody, system.mongod.address)) == []


@pytest.mark.engines
@pytest.mark.parametrize("user", ["", "routing"])
def test_nobody_logs_in_without_the_password(user: str, system: System) -> None:
    made_up = Connection(system.kafka.address, user, "made up" if user else "")

    with pytest.raises(KafkaException):
        AdminClient(made_up.librdkafka() | {"log_level": 0}).list_topics(timeout=3)


@pytest.mark.engines
def test_onboarding_a_team_again_changes_nothing(system: System, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["cruscotto", "--state", str(system.root)]
    assert subscriber(words) == 0
    first, file = capsys.readouterr().out, system.root / "subscribers" / "cruscotto.env"
    settings = file.read_text()

    assert subscriber(words) == 0

    assert capsys.readouterr().out == first
    assert file.read_text() == settings
    assert file.stat().st_mode & 0o777 == 0o600
    labels = [line.split("  ")[0] for line in first.splitlines()]
    assert labels == ["bootstrap", "protocol", "mechanism", "user", "password", "group prefix"]
    password = system.kafka.passwords["cruscotto"]
    assert password in settings
    assert password not in first


@pytest.mark.parametrize(
    "name", ["", "x", "Cruscotto", "a b", "x'; rm", "ends-", "a" * 32, "routing", "admin"]
)
def test_an_invalid_team_name_is_refused_with_the_rule(name: str, tmp_path: Path) -> None:
    with pytest.raises(StackError, match=r"NAME is .*: take "):
        subscriber([name, "--state", str(tmp_path)])
    assert list(tmp_path.iterdir()) == []


def test_a_team_reads_public_topics_and_writes_nothing() -> None:
    rights = kafka_rights(team_name("cruscotto"))

    topics = {right.name for right in rights if right.resource == "TOPIC"}
    assert topics == {"intake.reports", "routing.cases", "subsidies.measures", "notify.messages"}
    assert {right.operation for right in rights} == {"READ"}
    assert [right.name for right in rights if right.resource == "GROUP"] == [group_prefix("cruscotto")]


def test_only_an_answer_of_the_server_is_a_denial(capsys: pytest.CaptureFixture[str]) -> None:
    silence = Attempt("kafka", "routing", "read x", NO_ANSWER)
    hole = Attempt("kafka", "routing", "read y", ALLOWED)
    said = Attempt("kafka", "routing", "read z", "TOPIC_AUTHORIZATION_FAILED")
    shut = Attempt("kafka", "routing", "read own", "TOPIC_AUTHORIZATION_FAILED", granted=True)

    assert report([silence, hole, said, shut]) == 1

    out, err = capsys.readouterr()
    assert out.splitlines()[-2:] == ["granted: 1 tried, 0 allowed", "denials: 3 tried, 1 denied"]
    assert [line.partition(":")[0] for line in err.splitlines()] == ["A HOLE", "A HOLE", "REFUSED"]
