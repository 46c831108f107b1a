"""Routing in memory: its table, its store and its HTTP API, without engines."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from chassis.service import Plan
from chassis.testing import MemoryService
from chassis.transaction.inputs import Outcome
from routing.adapters.register_files import read_register
from routing.domain.registers import Register
from routing.entrypoints.api.cases import cases_router
from routing.handlers.documents import CASES, REGISTERS
from routing.handlers.reactions import REACTIONS

SEED = Path(__file__).parents[2] / "deploy" / "seed" / "routing"
NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
PLAN = Plan("routing", REACTIONS, (CASES, REGISTERS), lambda context: (cases_router(context),))


class Service(MemoryService):
    """Routing in memory."""

    async def hear(self, body: Any, key: str, now: datetime) -> Outcome:
        """Handle an event, or the body of a timer, at this time."""
        return await self.event(body, key=key, now=now)


@pytest.fixture(scope="session")
def register() -> Register:
    """The register that is shipped."""
    return read_register(SEED)


@pytest.fixture
async def service() -> AsyncIterator[Service]:
    """The service with an empty database; the clock stands still, and `http` has the role operator."""
    async with Service(PLAN, NOW, {"op": "operator", "svc": "service"}) as made:
        made.http.headers["Authorization"] = "Bearer op"
        yield made
