"""A consumer that has nothing to do listens: what comes then does not wait for FastStream to look again."""

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from chassis.consumer.subscription import Fetched, Subscription
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
        "routing", Connection("one:9092"), "routing-0", ["intake.reports"], nobody, nobody, nobody
    )
    reader._fetch = fetch
    monkeypatch.setattr(asyncio, "sleep", rest)
    monkeypatch.setattr("anyio.sleep", rest)

    for _ in range(10):
        await reader._subscriber.get_msg(SimpleNamespace(getmany=reader._getmany))

    assert sum(listened) >= 5
    assert sum(rested) < 0.01 * sum(listened)
