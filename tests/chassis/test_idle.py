"""A consumer that has nothing to do listens: what comes then does not wait for FastStream to look again."""

import asyncio
from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka import TopicPartition
from aiokafka.consumer.fetcher import Fetcher
from aiokafka.consumer.subscription_state import SubscriptionState

from chassis.consumer import subscription
from chassis.consumer.subscription import BUSY_WAIT_MS, QUIET_SECONDS, QUIET_WAIT_MS, Fetched, Subscription
from contracts.connection import Connection


async def test_an_idle_consumer_listens_nearly_all_the_time(monkeypatch: pytest.MonkeyPatch) -> None:
    nobody: Any = None
    test = asyncio.current_task()
    rested: list[float] = []
    pause = asyncio.sleep
    listened: list[float] = []

    async def fetch(timeout_ms: int, max_records: int) -> Fetched:
        assert max_records > 0
        listened.append(timeout_ms / 1000)
        return {}

    async def rest(seconds: float) -> None:
        if asyncio.current_task() is not test:
            await pause(seconds)
            return
        rested.append(seconds)

    reader = Subscription(
        "routing", Connection("one:9092"), "routing-0", ["intake.reports"], nobody, nobody, nobody, list
    )
    reader._fetch = fetch
    monkeypatch.setattr(asyncio, "sleep", rest)
    monkeypatch.setattr("anyio.sleep", rest)

    for _ in range(10):
        await reader._subscriber.get_msg(SimpleNamespace(getmany=reader._getmany))

    assert sum(listened) >= 5
    assert sum(rested) < 0.01 * sum(listened)


HERE = TopicPartition("intake.reports", 0)


class Listener(Subscription):
    """A subscription whose consumer is the library's fetcher without a broker."""

    def __init__(self, fetcher: Fetcher) -> None:
        self._fetcher, self._shares = fetcher, list
        self.found: Fetched = {}

    @property
    def consumer(self) -> Any:
        return SimpleNamespace(_fetcher=self._fetcher, assignment=lambda: {HERE}, seek=lambda *_: None)

    async def _fetch(self, **_: Any) -> Fetched:
        return self.found

    def next_wait_ms(self) -> int:
        """How long the broker is asked to hold the next fetch."""
        assignment = self._fetcher._subscriptions.subscription.assignment
        ((_, request),) = self._fetcher._get_actions_per_node(assignment)[0]
        return int(request._max_wait_ms)


@pytest.fixture
async def fetcher() -> AsyncIterator[Fetcher]:
    """The fetcher of the library for one partition; it does not run."""
    loop = asyncio.get_running_loop()
    cluster = SimpleNamespace(leader_for_partition=lambda _: 0)
    client: Any = SimpleNamespace(_loop=loop, _metadata_max_age_ms=1, cluster=cluster)
    subscriptions = SubscriptionState(loop=loop)
    one = Fetcher(client, subscriptions)
    one._fetch_task.cancel()
    subscriptions.assign_from_user([HERE])
    subscriptions.seek(HERE, 0)
    yield one
    await one.close()


async def test_a_quiet_consumer_lets_the_broker_hold_its_fetches_until_a_record_or_a_seek(
    fetcher: Fetcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 100.0
    monkeypatch.setattr(subscription, "time", SimpleNamespace(monotonic=lambda: now))
    reader = Listener(fetcher)
    reader.seek(HERE, 0)
    await reader._getmany(1, 1)
    assert reader.next_wait_ms() == BUSY_WAIT_MS

    now += QUIET_SECONDS + 1
    await reader._getmany(1, 1)
    assert reader.next_wait_ms() == QUIET_WAIT_MS
    reader.found = {HERE: ["a record"]}
    await reader._getmany(1, 1)
    assert reader.next_wait_ms() == BUSY_WAIT_MS

    now += QUIET_SECONDS + 1
    reader.found = {}
    await reader._getmany(1, 1)
    assert reader.next_wait_ms() == QUIET_WAIT_MS
    reader.seek(HERE, 0)
    assert reader.next_wait_ms() == BUSY_WAIT_MS
