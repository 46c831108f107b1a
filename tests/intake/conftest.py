"""Intake in one process: its own table, doors and pages over the store in memory."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from chassis.http.app import build_app
from chassis.http.context import ServiceContext
from chassis.http.csrf import CsrfTokens
from chassis.observe.crash_points import CrashPoints
from chassis.observe.metrics import Metrics
from chassis.sealing import Sealer
from chassis.store.memory import MemoryStore
from chassis.testing.tokens import MemoryTokens
from chassis.transaction.commands import Commands
from chassis.transaction.unit_of_work import UnitOfWork
from intake.adapters.seed_files import read_registers
from intake.domain.registers import Register
from intake.entrypoints import http, pages, staff
from intake.entrypoints.desk import Desk
from intake.entrypoints.seeding import load_registers
from intake.entrypoints.tracking import Slips
from intake.handlers.reactions import REACTIONS

SEED = Path(__file__).parents[2] / "deploy" / "seed" / "intake"


@pytest.fixture(scope="session")
def registers() -> tuple[Register, Register]:
    """The categories and the places that are shipped."""
    return read_registers(SEED)


@pytest.fixture
def store() -> MemoryStore:
    """The database of this test."""
    return MemoryStore()


@pytest.fixture
async def context(store: MemoryStore, registers: tuple[Register, Register]) -> AsyncIterator[ServiceContext]:
    """ServiceContext at noon of a day in November, with the shipped registers in force."""
    metrics = Metrics("intake")
    unit_of_work = UnitOfWork("intake", 24, REACTIONS, metrics, CrashPoints(""), woken=lambda _: None)
    tokens = MemoryTokens({"token-of-notify": "service", "token-of-operator": "operator"})
    commands = Commands(unit_of_work, metrics, lambda: datetime(2026, 11, 20, 12, tzinfo=UTC))
    serving = asyncio.create_task(commands.serve(await store.session()))
    context = ServiceContext(store, commands, commands.clock, tokens)
    await load_registers(context, registers)
    yield context
    serving.cancel()


@pytest.fixture
def app(context: ServiceContext) -> FastAPI:
    """Intake's routes over these doors."""
    desk = Desk(context, Sealer(b"s" * 32), Slips(b"s" * 32))
    routers = [
        http.router(context, desk),
        pages.router(context, desk, CsrfTokens(b"s" * 32)),
        staff.router(context, desk),
    ]
    return build_app("intake", Metrics("intake"), routers, lambda: {"ok": True}, lambda: {"ok": True})


@pytest.fixture
async def client(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    """A browser or program in front of intake's doors."""
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://intake.example") as client:
        yield client
