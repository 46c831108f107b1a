"""The four services as their main makes them, over stores in memory and tokens that were agreed on."""

import importlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from fastapi import FastAPI

from chassis.runtime.process import Process
from chassis.runtime.server import application
from chassis.settings import ServiceSettings
from chassis.store.memory import MemoryStore
from chassis.testing import MemoryTokens, committing

SEED = Path(__file__).parents[2] / "deploy" / "seed"
SERVICES = ("intake", "routing", "subsidies", "notify")
ROLES = ("service", "operator", "coordinator", "officer", "ops")
NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)


@dataclass(frozen=True)
class Furnished:
    """One service, with what is behind it."""

    app: FastAPI
    process: Process
    store: MemoryStore


def settings_of(name: str, folder: Path) -> ServiceSettings:
    """What a deployment would tell the service, with secrets made up in this folder."""
    (folder / "secret").write_text("5e" * 32)
    (folder / "client").write_text("an invented secret")
    told = {
        "stage": "development",
        "issuer": "http://issuer.example",
        "kafka": "kafka.example:9092",
        "mongo": "mongodb://mongo.example",
        "database": name,
        "port": 8080,
        "secret": folder / "secret",
        "seed": SEED / name,
        "client": f"ascolto-{name}",
        "client_secret": folder / "client",
        "intake_url": "http://intake.example",
        "public_url": "http://ascolto.example",
        "smtp_host": "smtp.example",
        "smtp_port": 25,
        "rate": 0,
    }
    made: ServiceSettings = importlib.import_module(f"{name}.settings").Settings(**told)
    return made


@asynccontextmanager
async def furnished(name: str, folder: Path) -> AsyncIterator[Furnished]:
    """A service that answers commands; each role's token is its own name."""
    settings, store = settings_of(name, folder), MemoryStore()
    process = Process(importlib.import_module(f"{name}.main").plan(settings), settings, store, lambda: NOW)
    await process.context.tokens.close()
    process.context = replace(process.context, tokens=MemoryTokens.by_role())
    async with committing(store, process.commands, process.plan.collections):
        if process.plan.seed is not None:
            await process.plan.seed(process.context)
        try:
            yield Furnished(await application(process), process, store)
        finally:
            for close in process.plan.closing:
                await close()
