"""Subsidies in memory: its table, its store and its HTTP door, without engines."""

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
from chassis.sealing import Sealer
from chassis.store.collections import COLLECTIONS, INDEXES
from chassis.store.memory import MemoryStore
from chassis.testing.tokens import MemoryTokens
from chassis.transaction.commands import Commands
from chassis.transaction.inputs import Input, Lineage, Outcome
from chassis.transaction.unit_of_work import UnitOfWork
from subsidies.adapters.rule_files import Rules, read_rules
from subsidies.entrypoints.http import applications_router, budgets_router
from subsidies.entrypoints.safe import Safe
from subsidies.handlers.reactions import REACTIONS

SEED = Path(__file__).parents[2] / "deploy" / "seed" / "subsidies"
SECRET = b"an invented secret of 32 bytes.."
NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)


@dataclass
class Service:
    """What a test does with the service."""

    context: ServiceContext
    http: httpx.AsyncClient
    unit_of_work: UnitOfWork
    store: MemoryStore

    async def hear(self, body: Any, now: datetime = NOW) -> Outcome:
        """Let an event come in, in a transaction of its own."""
        item = Input(derive(repr(body), "heard"), body, now, body.report_id, Lineage(body.report_id))
        [outcome] = await self.unit_of_work.run(await self.store.session(), [item])
        return outcome


@pytest.fixture(scope="session")
def rules() -> Rules:
    """The rules, measures and budgets that are shipped."""
    return read_rules(SEED)


@pytest.fixture
async def service() -> AsyncIterator[Service]:
    """The service with an empty database; the clock stands still."""
    store, metrics = MemoryStore(), Metrics("subsidies")
    await store.ensure(COLLECTIONS, INDEXES)
    unit_of_work = UnitOfWork("subsidies", 4, REACTIONS, metrics, CrashPoints(), woken=lambda _: None)
    commands = Commands(unit_of_work, metrics, lambda: NOW)
    context = ServiceContext(
        store, commands, commands.clock, MemoryTokens({"of": "officer", "op": "operator"})
    )
    routers = [applications_router(context, Safe(Sealer(SECRET), SECRET)), budgets_router(context)]
    app = build_app("subsidies", metrics, routers, dict, dict)
    serving = asyncio.create_task(commands.serve(await store.session()))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://subsidies") as http:
        http.headers["Authorization"] = "Bearer of"
        yield Service(context, http, unit_of_work, store)
    serving.cancel()
