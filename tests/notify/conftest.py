"""Notify in memory: its table, its store, its worker and its HTTP door, without engines."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from chassis.http.app import build_app
from chassis.http.context import ServiceContext
from chassis.observe.crash_points import CrashPoints
from chassis.observe.metrics import Metrics
from chassis.store.collections import COLLECTIONS, INDEXES, JOBS
from chassis.store.memory import MemoryStore
from chassis.testing.tokens import MemoryTokens
from chassis.transaction.commands import Commands
from chassis.transaction.inputs import Input, Lineage, Outcome
from chassis.transaction.unit_of_work import UnitOfWork
from notify.adapters.letters_jinja import JinjaLetters
from notify.adapters.memory import MemoryContacts, MemoryMailer
from notify.adapters.words_file import read_words
from notify.entrypoints.http import messages_router
from notify.entrypoints.jobs import sending
from notify.handlers.reactions import REACTIONS
from notify.handlers.write_message import SendMessage

SEED = Path(__file__).parents[2] / "deploy" / "seed" / "notify"
NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)


@dataclass
class Service:
    """What a test does with the service, and what the service does to the outside."""

    context: ServiceContext
    unit_of_work: UnitOfWork
    store: MemoryStore
    http: httpx.AsyncClient
    letters: JinjaLetters
    contacts: MemoryContacts = field(default_factory=MemoryContacts)
    mailer: MemoryMailer = field(default_factory=MemoryMailer)

    async def hear(self, event: Any, event_id: str, now: datetime = NOW) -> Outcome:
        """Let an event come in, in a transaction of its own."""
        item = Input(event_id, event, now, event.subject, Lineage(event.subject))
        [outcome] = await self.unit_of_work.run(await self.store.session(), [item])
        return outcome

    async def work(self, attempt: int = 1) -> None:
        """Do every job that waits, and bring the results back."""
        worker = sending(self.contacts, self.letters, self.mailer, lambda: NOW)
        for row in await self.store.query(JOBS, {}):
            result = await worker(REACTIONS.load(SendMessage, row["body"]), attempt)
            done = Input(
                f"job:{row['_id']}", result, NOW, row["key"], Lineage.of(row), consumes=(JOBS, row["_id"])
            )
            await self.unit_of_work.run(await self.store.session(), [done])


@pytest.fixture
def letters() -> JinjaLetters:
    """The letters that are shipped."""
    return JinjaLetters(read_words(SEED), "https://ascolto.example")


@pytest.fixture
async def service(letters: JinjaLetters) -> AsyncIterator[Service]:
    """The service with an empty database and nobody to write to yet."""
    store, metrics = MemoryStore(), Metrics("notify")
    await store.ensure(COLLECTIONS, INDEXES)
    unit_of_work = UnitOfWork("notify", 4, REACTIONS, metrics, CrashPoints(), woken=lambda _: None)
    commands = Commands(unit_of_work, metrics, lambda: NOW)
    context = ServiceContext(
        store, commands, commands.clock, MemoryTokens({"op": "operator", "of": "officer"})
    )
    app = build_app("notify", metrics, [messages_router(context)], dict, dict)
    serving = asyncio.create_task(commands.serve(await store.session()))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://notify") as http:
        yield Service(context, unit_of_work, store, http, letters)
    serving.cancel()
