"""Commits offsets to Kafka for monitoring tools; nothing depends on them, and nothing waits for the commit."""

import asyncio
from collections.abc import Mapping

from aiokafka import TopicPartition
from aiokafka.errors import KafkaError

from chassis.consumer.subscription import Subscription
from chassis.observe.crash_points import CrashPoints
from chassis.observe.logs import log

INTERVAL_SECONDS = 0.2
TIMEOUT_SECONDS = 5.0


class OffsetCommitter:
    """Collects offsets and commits them to the group a few times a second."""

    def __init__(self, source: Subscription, crash: CrashPoints) -> None:
        self._source, self._crash = source, crash
        self._pending: dict[TopicPartition, int] = {}
        self._task: asyncio.Task[None] | None = None

    def schedule(self, ends: Mapping[TopicPartition, int]) -> None:
        """Commit these offsets soon."""
        scheduled = bool(self._pending)
        self._pending |= ends
        if not scheduled:
            self._task = asyncio.get_running_loop().create_task(self._commit_later())

    async def _commit_later(self) -> None:
        await asyncio.sleep(INTERVAL_SECONDS)
        ends, self._pending = self._pending, {}
        await self.commit(ends)

    async def commit(self, ends: Mapping[TopicPartition, int]) -> None:
        """Commit now; a failure is logged and ignored."""
        try:
            async with asyncio.timeout(TIMEOUT_SECONDS):
                await self._source.commit(ends)
            self._crash.at("delivery.offsets")
        except (KafkaError, OSError, TimeoutError, ValueError, AttributeError) as error:
            log("offsets not committed", level=30, reason=type(error).__name__)

    def cancel(self) -> None:
        """Drop what is scheduled, because the partitions are being reassigned.

        A commit during a join waits behind it, arrives with an expired generation, and makes the client join again; then
        offsets claimed meanwhile would be committed during that join too.
        """
        self._pending = {}
        if self._task is not None:
            self._task.cancel()

    async def flush(self, ends: Mapping[TopicPartition, int]) -> None:
        """Commit for the last time; what is scheduled is older and is dropped."""
        self.cancel()
        if ends:
            await self.commit(ends)
