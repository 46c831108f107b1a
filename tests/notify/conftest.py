"""Notify in memory: its table, its store, its worker, its HTTP API and its pages, without engines."""

from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest
from fastapi import APIRouter
from tests.notify.staff import staff_site

from chassis.service import Plan, ServiceContext
from chassis.testing import MemoryService
from notify.adapters.catalogue_file import read_catalogue
from notify.adapters.letters_jinja import JinjaLetters
from notify.adapters.memory import MemoryContacts, MemoryMailer, MemoryReportNames
from notify.app.send import Sender
from notify.entrypoints.api.messages import messages_router
from notify.entrypoints.jobs import workers
from notify.entrypoints.pages.layout import Pages
from notify.entrypoints.pages.router import pages_router
from notify.handlers.documents import MESSAGES, THREADS
from notify.handlers.reactions import REACTIONS
from webkit.agency import read_agency

SEED = Path(__file__).parents[2] / "deploy" / "seed" / "notify"
NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)


class Service(MemoryService):
    """Notify in memory, with its adapters in memory."""

    def __init__(self, letters: JinjaLetters) -> None:
        self.letters, self.contacts, self.mailer = letters, MemoryContacts(), MemoryMailer()
        self.names = MemoryReportNames()
        plan = Plan(
            "notify",
            REACTIONS,
            (MESSAGES, THREADS),
            self._routers,
            workers=workers(Sender(self.contacts, letters, self.mailer, lambda: NOW)),
        )
        super().__init__(plan, NOW, {"op": "operator", "of": "officer"})

    def _routers(self, context: ServiceContext) -> Sequence[APIRouter]:
        pages = Pages(context, staff_site(context), self.names, self.letters)
        return messages_router(context), pages_router(pages)


@pytest.fixture(scope="session")
def letters() -> JinjaLetters:
    """The shipped letters."""
    return JinjaLetters(read_catalogue(SEED), read_agency(SEED), "https://ascolto.example")


@pytest.fixture
async def service(letters: JinjaLetters) -> AsyncIterator[Service]:
    """The service with an empty database and no contacts; `http` has no token."""
    async with Service(letters) as made:
        yield made
