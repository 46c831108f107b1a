"""A browser of an officer on the pages of subsidies, in memory: forms are filled in by the names of their controls."""

import html
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import httpx
from fastapi import APIRouter
from tests.subsidies.conftest import NOW, SEED
from tests.subsidies.steps import SECRET

from chassis.http.issuer import Issuer
from chassis.service import Plan, ServiceContext
from chassis.testing import MemoryService
from subsidies.adapters.memory import MemoryIntake
from subsidies.adapters.rule_files import Rules
from subsidies.app.desk import Desk
from subsidies.app.encryption import ApplicationDataEncryption
from subsidies.entrypoints.pages.layout import HOME
from subsidies.entrypoints.pages.sites import Sites
from subsidies.handlers.documents import COLLECTIONS
from subsidies.handlers.reactions import REACTIONS
from webkit.agency import read_agency
from webkit.login import Login, Place
from webkit.sessions import Identity

ORIGIN = "http://subsidies.example"


@dataclass
class Page:
    """A page as a browser has it after all redirects."""

    answer: httpx.Response

    @property
    def path(self) -> str:
        """The address without the host."""
        return self.answer.url.raw_path.decode()

    @property
    def text(self) -> str:
        """What is read, without tags and with single blanks."""
        body = self.answer.text.partition("<main")[2].partition("</main>")[0]
        return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", f"<main{body}")).split())

    @property
    def fields(self) -> dict[str, str]:
        """The hidden fields of the forms of the content."""
        body = self.answer.text.partition("<main")[2]
        return dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', body))

    def typed(self, name: str) -> str:
        """The text in a control."""
        found = re.search(rf'<input[^>]* name="{name}"[^>]* value="([^"]*)"', self.answer.text)
        return html.unescape(found[1]) if found else ""

    def errors(self) -> list[str]:
        """The names of the controls in the summary of errors, in its order."""
        summary = self.answer.text.partition('class="error-summary"')[2].partition("</div>")[0]
        return re.findall(r'href="#([\w-]+)"', summary)


class Officer:
    """Sees pages and sends forms with the seal of the page that was seen last."""

    def __init__(self, service: MemoryService, client: httpx.AsyncClient) -> None:
        self.service, self._client, self.page = service, client, Page(httpx.Response(204))

    async def see(self, path: str) -> Page:
        self.page = Page(await self._client.get(path, headers={"Accept": "text/html"}))
        return self.page

    async def send(self, path: str, fields: Mapping[str, Any]) -> Page:
        sent = {"seal": self.page.fields.get("seal", "")} | dict(fields)
        answer = await self._client.post(path, data=sent, headers={"Accept": "text/html"})
        self.page = Page(answer)
        return self.page


def login_at(clock: Any) -> Login:
    """A login whose issuer nobody asks."""
    issuer = Issuer("http://issuer.example", httpx.AsyncClient(), development=True)
    return Login(issuer, "ascolto-subsidies", "s3cret", SECRET, Place(ORIGIN, HOME, "subsidies"), clock)


@asynccontextmanager
async def pages_in_memory(
    rules: Rules, now: datetime = NOW, intake: MemoryIntake | None = None
) -> AsyncIterator[tuple[MemoryService, Login]]:
    """The service with its pages."""
    clock = [now]
    login = login_at(lambda: clock[0])

    def routers(context: ServiceContext) -> Sequence[APIRouter]:
        desk = Desk(context, ApplicationDataEncryption(SECRET), rules.procedure, intake or MemoryIntake())
        sites = Sites(read_agency(SEED), SECRET, login, clock=lambda: clock[0])
        return sites.routers(desk, rules.texts)

    async with MemoryService(Plan("subsidies", REACTIONS, COLLECTIONS, routers), now) as service:
        yield service, login


async def officer_of(service: MemoryService, login: Login, role: str = "officer") -> Officer:
    """Somebody with this role, logged in."""
    identity = Identity("ada-esempio", "Ada Esempio", (role,))
    secret = await login.sessions_in(service.store).begin(f"state-{role}", "nonce", identity, None)
    client = service.client()
    client.follow_redirects = True
    client.cookies.set(login.session_cookie, secret, domain="subsidies.example")
    return Officer(service, client)
