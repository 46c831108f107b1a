"""A start that fails says so in time, leaves nothing behind, and can be tried again."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest
from aiokafka import ConsumerRebalanceListener, TopicPartition

from chassis.consumer import subscription, topic_ids
from chassis.consumer.subscription import Fetched, Subscription
from chassis.errors import Unavailable
from contracts.connection import Connection


@pytest.fixture
async def silent() -> AsyncIterator[str]:
    """Somebody who takes connections and never says a word."""
    writers: list[asyncio.StreamWriter] = []

    async def take(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)

    async with await asyncio.start_server(take, "127.0.0.1", 0) as server:
        host, port = server.sockets[0].getsockname()
        yield f"{host}:{port}"
        for writer in writers:
            writer.close()


class Nobody(ConsumerRebalanceListener):  # type: ignore[misc]
    """Never hears of a partition."""

    async def on_partitions_revoked(self, revoked: set[TopicPartition]) -> None:
        raise AssertionError(revoked)

    async def on_partitions_assigned(self, assigned: set[TopicPartition]) -> None:
        raise AssertionError(assigned)


async def _take(_: Sequence[Any]) -> None:
    raise AssertionError("nothing can have come")


async def _step_over(_: int) -> Fetched:
    raise AssertionError("nothing can have come")


async def test_a_broker_that_says_nothing_is_away_and_no_consumer_is_left_asking_it(
    silent: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(subscription, "START_SECONDS", 0.2)
    source = Subscription(
        "ledger",
        Connection(silent),
        "one",
        ["intake.reports"],
        Nobody(),
        _take,
        _step_over,
        list,
    )
    before = asyncio.all_tasks()

    for _ in range(2):
        with pytest.raises(Unavailable, match="TimeoutError"):
            await source.start()

    assert source.consumer is None
    await asyncio.sleep(0.05)
    assert asyncio.all_tasks() <= before
    await source.stop()


async def test_whoever_asks_such_a_broker_for_topics_is_told_in_time_that_it_is_away(
    silent: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(topic_ids, "TIMEOUT_SECONDS", 0.2)
    before = asyncio.all_tasks()

    async with asyncio.timeout(30):
        with pytest.raises(Unavailable, match="TimeoutError"):
            await topic_ids.topic_ids(Connection(silent), ["intake.reports"])

    await asyncio.sleep(0.05)
    assert asyncio.all_tasks() <= before
