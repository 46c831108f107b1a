"""Routing in memory: its table, its store and its HTTP door, without engines."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from chassis.http.app import build_app
from chassis.http.context import ServiceContext
from chassis.ids import derive
from chassis.observe.crash_points import CrashPoints
from chassis.observe.metrics import Metrics
from chassis.store.collections import COLLECTIONS, INDEXES
from chassis.store.memory import MemoryStore
from chassis.testing.tokens import MemoryTokens
from chassis.transaction.commands import Commands
from chassis.transaction.inputs import Input, Lineage, Outcome
from chassis.transaction.unit_of_work import UnitOfWork
from routing.adapters.register_files import read_register
from routing.domain.register import Register
from routing.entrypoints.http import cases_router
from routing.handlers.reactions import REACTIONS

SEED = Path(__file__).parents[2] / "deploy" / "seed" / "routing"


@dataclass
class Service:
    """What a test does with the service."""

    context: ServiceContext
    http: httpx.AsyncClient
    unit_of_work: UnitOfWork
    store: MemoryStore

    async def hear(self, body: Any, key: str, now: datetime) -> Outcome:
        """Let an event or a timer come in, in a transaction of its own."""
        item = Input(derive(repr(body), "heard"), body, now, key, Lineage(key))
        [outcome] = await self.unit_of_work.run(await self.store.session(), [item])
        return outcome


@pytest.fixture(scope="session")
def register() -> Register:
    """The register that is shipped."""
    return read_register(SEED)


@pytest.fixture
async def service() -> AsyncIterator[Service]:
    """The service with an empty database; the clock stands still."""
    store, metrics = MemoryStore(), Metrics("routing")
    await store.ensure(COLLECTIONS, INDEXES)
    unit_of_work = UnitOfWork("routing", 4, REACTIONS, metrics, CrashPoints(), woken=lambda _: None)
    commands = Commands(unit_of_work, metrics, lambda: datetime(2026, 11, 23, 9, tzinfo=UTC))
    context = ServiceContext(
        store, commands, commands.clock, MemoryTokens({"op": "operator", "svc": "service"})
    )
    app = build_app("routing", metrics, [cases_router(context)], dict, dict)
    serving = asyncio.create_task(commands.serve(await store.session()))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://routing") as http:
        http.headers["Authorization"] = "Bearer op"
        yield Service(context, http, unit_of_work, store)
    serving.cancel()
