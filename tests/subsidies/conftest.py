"""Subsidies in memory: its reactions, its store and its HTTP API, without engines."""

from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest
from fastapi import APIRouter

from chassis.service import Plan, ServiceContext
from chassis.testing import MemoryService
from subsidies.adapters.rule_files import Rules, read_rules
from subsidies.app.encryption import ApplicationDataEncryption
from subsidies.entrypoints.api.applications import applications_router
from subsidies.entrypoints.api.budgets import budgets_router
from subsidies.handlers.documents import COLLECTIONS
from subsidies.handlers.reactions import REACTIONS

SEED = Path(__file__).parents[2] / "deploy" / "seed" / "subsidies"
SECRET = b"an invented secret of 32 bytes.."
NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)


@pytest.fixture(scope="session")
def rules() -> Rules:
    """The shipped rules, measures and budgets."""
    return read_rules(SEED)


def routers(context: ServiceContext) -> Sequence[APIRouter]:
    return applications_router(context, ApplicationDataEncryption(SECRET)), budgets_router(context)


@pytest.fixture
async def service() -> AsyncIterator[MemoryService]:
    """The service with an empty database; the clock stands still, and `http` has the role officer."""
    plan = Plan("subsidies", REACTIONS, COLLECTIONS, routers)
    async with MemoryService(plan, NOW, {"of": "officer", "op": "operator"}) as made:
        made.http.headers["Authorization"] = "Bearer of"
        yield made
