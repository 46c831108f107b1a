"""Advice: how far we are, told to Kafka for its tools; nothing depends on it, and nothing waits for it."""

import asyncio
from collections.abc import Mapping

from aiokafka import TopicPartition
from aiokafka.errors import KafkaError

from chassis.consumer.subscription import Subscription
from chassis.observe.crash_points import CrashPoints
from chassis.observe.logs import log

TELL_SECONDS = 0.2
PATIENCE_SECONDS = 5.0


class OffsetCommitter:
    """Offsets on their way to the group, gathered and told a few times a second."""

    def __init__(self, source: Subscription, crash: CrashPoints) -> None:
        self._source, self._crash = source, crash
        self._untold: dict[TopicPartition, int] = {}
        self._telling: asyncio.Task[None] | None = None

    def give(self, ends: Mapping[TopicPartition, int]) -> None:
        """Have these told soon."""
        telling = bool(self._untold)
        self._untold |= ends
        if not telling:
            self._telling = asyncio.get_running_loop().create_task(self._soon())

    async def _soon(self) -> None:
        await asyncio.sleep(TELL_SECONDS)
        ends, self._untold = self._untold, {}
        await self.tell(ends)

    async def tell(self, ends: Mapping[TopicPartition, int]) -> None:
        """Tell now; that it failed is said and forgotten."""
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                await self._source.commit(ends)
            self._crash.at("delivery.offsets")
        except (KafkaError, OSError, TimeoutError, ValueError, AttributeError) as error:
            log("offsets not committed", level=30, reason=type(error).__name__)

    def hush(self) -> None:
        """Tell nothing of what was to be told soon: the partitions are being given out anew.

        What is told during a join waits behind it, comes under a generation that is over, and makes the client join again;
        then whatever was claimed meanwhile is told during that join.
        """
        self._untold = {}
        if self._telling is not None:
            self._telling.cancel()

    async def last(self, ends: Mapping[TopicPartition, int]) -> None:
        """Tell for the last time: what was to be told soon is older."""
        self.hush()
        if ends:
            await self.tell(ends)
