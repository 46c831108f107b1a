"""A session for occasional transactions: one at a time, retried after conflicts."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TypeVar

from chassis.errors import Conflict, Unavailable
from chassis.store.port import StoreSession, Transaction

T = TypeVar("T")

ATTEMPTS = 30


@dataclass
class Transactor:
    """Several tasks may share it; a store session runs one transaction at a time."""

    session: StoreSession
    _free: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def transact(self, work: Callable[[Transaction], Awaitable[T]]) -> T:
        """Run `work` in a transaction, and again from its reads after a conflict.

        Raises Unavailable when conflicts do not end or the store is down.
        """
        async with self._free:
            for attempt in range(ATTEMPTS):
                try:
                    return await self.session.transact(work)
                except Conflict:
                    await asyncio.sleep(random.uniform(0, min(0.1, 0.005 * 2**attempt)))
        raise Unavailable(f"{ATTEMPTS} conflicts in a row")
