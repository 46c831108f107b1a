"""Notify in memory: its table, its store, its worker and its HTTP API, without engines."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from chassis.service import Plan
from chassis.testing import MemoryService
from notify.adapters.catalogue_file import read_catalogue
from notify.adapters.letters_jinja import JinjaLetters
from notify.adapters.memory import MemoryContacts, MemoryMailer
from notify.app.send import Sender
from notify.entrypoints.api.messages import messages_router
from notify.entrypoints.jobs import workers
from notify.handlers.documents import MESSAGES, THREADS
from notify.handlers.reactions import REACTIONS
from webkit.agency import read_agency

SEED = Path(__file__).parents[2] / "deploy" / "seed" / "notify"
NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)


class Service(MemoryService):
    """Notify in memory, with its adapters in memory."""

    def __init__(self, letters: JinjaLetters) -> None:
        self.letters, self.contacts, self.mailer = letters, MemoryContacts(), MemoryMailer()
        plan = Plan(
            "notify",
            REACTIONS,
            (MESSAGES, THREADS),
            lambda context: (messages_router(context),),
            workers=workers(Sender(self.contacts, letters, self.mailer, lambda: NOW)),
        )
        super().__init__(plan, NOW, {"op": "operator", "of": "officer"})


@pytest.fixture
def letters() -> JinjaLetters:
    """The shipped letters."""
    return JinjaLetters(read_catalogue(SEED), read_agency(SEED), "https://ascolto.example")


@pytest.fixture
async def service(letters: JinjaLetters) -> AsyncIterator[Service]:
    """The service with an empty database and no contacts; `http` has no token."""
    async with Service(letters) as made:
        yield made
