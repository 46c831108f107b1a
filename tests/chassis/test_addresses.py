"""Where engines are: several brokers, several members, with and without TLS."""

from typing import Any

import pytest

from chassis.consumer.subscription import Subscription
from contracts.connection import Connection, mongo_address

THREE = Connection("one:9092,two:9092,three:9092", "routing", "invented")
SAID = "mongodb://routing:pass%40word@mongo:27017/routing?authSource=routing&replicaSet=rs0"


def test_every_client_is_told_each_of_several_brokers() -> None:
    nobody: Any = None
    reader = Subscription("routing", THREE, "routing-0", ["intake.reports"], nobody, nobody, nobody, list)
    assert reader.broker.specification.url == ["one:9092", "two:9092", "three:9092"]
    assert THREE.aiokafka()["bootstrap_servers"] == ["one:9092", "two:9092", "three:9092"]
    assert THREE.librdkafka()["bootstrap.servers"] == "one:9092,two:9092,three:9092"


@pytest.mark.parametrize(
    ("members", "ca", "address"),
    [
        ("", "", SAID),
        ("a:1,b:2", "", SAID.replace("mongo:27017", "a:1,b:2")),
        ("", "/run/ca", f"{SAID}&tls=true&tlsCAFile=%2Frun%2Fca"),
    ],
)
def test_a_connection_string_says_who_and_the_settings_say_where(members: str, ca: str, address: str) -> None:
    assert mongo_address(SAID, members, ca) == address


def test_a_connection_string_of_a_server_without_users_can_be_moved_too() -> None:
    assert mongo_address("mongodb://mongo:27017", "a:1", "/ca") == "mongodb://a:1/?tls=true&tlsCAFile=%2Fca"
