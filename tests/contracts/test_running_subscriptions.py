"""What FastStream runs, by FastStream's own word: its test broker and its AsyncAPI document of each service's subscription."""

import json
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from faststream.kafka import TestKafkaBroker
from faststream.specification import AsyncAPI

from chassis.consumer.records import read, record_from
from chassis.consumer.subscription import Fetched, Subscription
from contracts.connection import Connection

SERVICES = ("intake", "routing", "subsidies", "notify")
ASYNCAPI = Path(__file__).parents[2] / "contracts" / "asyncapi"


def subscription(topics: Sequence[str], received: list[Any]) -> Subscription:
    """A subscription as a service makes it; what FastStream delivers is appended to `received`."""
    nobody: Any = None

    async def take(records: Sequence[Any]) -> None:
        received.append(list(records))

    async def step_over(_: int) -> Fetched:
        raise AssertionError("nothing is unreadable")

    return Subscription(
        "ledger", Connection("127.0.0.1:9"), "ledger-0", topics, nobody, take, step_over, list
    )


def published() -> set[str]:
    """The addresses of all channels that some service's AsyncAPI document sends on."""
    documents = [json.loads(file.read_text()) for file in ASYNCAPI.glob("*.json")]
    return {
        document["channels"][operation["channel"]["$ref"].rpartition("/")[2]]["address"]
        for document in documents
        for operation in document["operations"].values()
        if operation["action"] == "send"
    }


@pytest.mark.parametrize("service", SERVICES)
def test_faststream_receives_on_the_channels_that_the_contracts_publish_and_on_no_other(service: str) -> None:
    topics = import_module(f"{service}.handlers.reactions").SUBSCRIBES

    running = (
        AsyncAPI(subscription(topics, []).broker, schema_version="3.0.0").to_specification().to_jsonable()
    )

    received = {channel["address"] for channel in running["channels"].values()}
    assert {operation["action"] for operation in running["operations"].values()} == {"receive"}
    assert received == set(topics)
    assert received <= published()


async def test_whatever_is_published_reaches_the_batch_handler_byte_for_byte() -> None:
    batches: list[list[Any]] = []
    source = subscription(["intake.reports", "routing.cases"], batches)

    async with TestKafkaBroker(source.broker) as broker:
        await broker.publish(b"\xff\x00", topic="intake.reports", key=b"k\xfe", headers={"ce_id": "1"})
        await broker.publish_batch(b"[1", b"", topic="routing.cases")

    [[first], [second, third]] = batches
    assert (first.topic, first.key, first.value) == ("intake.reports", b"k\xfe", b"\xff\x00")
    assert ("ce_id", b"1") in first.headers
    assert [second.value, third.value] == [b"[1", b""]
    assert all(read(record_from(one), one.timestamp).unreadable for one in (first, second, third))


def test_no_topic_is_created_by_whoever_subscribes() -> None:
    source = subscription(["intake.reports", "routing.cases"], [])

    assert [topic.declare for topic in source._subscriber._topics] == [False, False]
