"""Routing in memory: its table, its store and its HTTP API, without engines."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from chassis.service import Plan
from chassis.testing import MemoryService
from routing.adapters.register_files import read_register
from routing.domain.registers import Register
from routing.entrypoints.api.cases import cases_router
from routing.handlers.documents import ABSENCES, CASES, REGISTERS, TALKS
from routing.handlers.reactions import REACTIONS

SEED = Path(__file__).parents[2] / "deploy" / "seed" / "routing"
NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
PLAN = Plan(
    "routing", REACTIONS, (CASES, REGISTERS, ABSENCES, TALKS), lambda context: (cases_router(context),)
)


@pytest.fixture(scope="session")
def register() -> Register:
    """The shipped register."""
    return read_register(SEED)


@pytest.fixture
async def service() -> AsyncIterator[MemoryService]:
    """The service with an empty database; the clock stands still, and `http` has the role operator."""
    async with MemoryService(PLAN, NOW, {"op": "operator", "svc": "service"}) as made:
        made.http.headers["Authorization"] = "Bearer op"
        yield made
