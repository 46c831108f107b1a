"""The public statistics of the process: made when somebody asks, and again when they are a quarter of an hour old."""

import asyncio
from datetime import timedelta

from chassis.service import ServiceContext
from intake.app.registers import Registers
from intake.domain.statistics import Statistics, statistics
from intake.queries.statistics import ROME, read_facts

FRESH = timedelta(minutes=15)


class PublicStatistics:
    """Makes the statistics; a reader gets those that are there, at once, while new ones are made."""

    def __init__(self, context: ServiceContext, registers: Registers) -> None:
        self._context, self._registers = context, registers
        self._made: Statistics | None = None
        self._making: asyncio.Task[Statistics] | None = None

    async def current(self) -> Statistics:
        """The statistics; raises Unavailable when there are none yet and none can be made."""
        made = self._made
        if made is None:
            return await asyncio.shield(self._make())
        if self._context.clock() - made.made_at >= FRESH:
            self._make().add_done_callback(_ignore_error)
        return made

    def _make(self) -> asyncio.Task[Statistics]:
        if self._making is None or self._making.done():
            self._making = asyncio.create_task(self._made_now())
        return self._making

    async def _made_now(self) -> Statistics:
        now = self._context.clock()
        facts = await read_facts(self._context, await self._registers.places())
        self._made = await asyncio.to_thread(statistics, facts, now, now.astimezone(ROME).date())
        return self._made


def _ignore_error(making: asyncio.Task[Statistics]) -> None:
    """The next reader tries again; until then the last statistics stay."""
    if not making.cancelled():
        making.exception()
