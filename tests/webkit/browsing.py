"""A browser, a site with a login below `/lavoro`, and the development issuer, in one process."""

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import httpx
from fastapi import APIRouter

from chassis.http.app import build_app
from chassis.http.issuer import Issuer
from chassis.observe.metrics import Metrics
from stack.issuer import DevelopmentIssuer, load_key
from stack.issuer import build_app as build_issuer
from webkit.agency import read_agency
from webkit.login import Login, Place
from webkit.site import Site

ISSUER, HERE, HOME = "http://issuer.example", "http://127.0.0.1:8002", "/lavoro"
MONDAY = datetime(2026, 11, 23, 9, tzinfo=UTC)
SECRET = b"an invented secret of 32 bytes.."
SEED = Path(__file__).parents[2] / "deploy" / "seed" / "routing"


@dataclass
class Web(httpx.AsyncBaseTransport):
    """Hosts by name, each an application in this process, and their common clock."""

    now: datetime = MONDAY
    hosts: dict[str, httpx.AsyncBaseTransport] = field(default_factory=dict)
    forms: list[str] = field(default_factory=list)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        return await self.hosts[request.url.host].handle_async_request(request)

    def seconds(self) -> float:
        """The time since 1970 on the common clock."""
        return self.now.timestamp()

    def browser(self) -> httpx.AsyncClient:
        accepts = {"Accept": "text/html,*/*;q=0.8"}
        return httpx.AsyncClient(transport=self, base_url=HERE, follow_redirects=True, headers=accepts)

    def site(self) -> Site:
        issuer = Issuer(ISSUER, httpx.AsyncClient(transport=self), development=True)
        place = Place(HERE, HOME, "routing")
        login = Login(issuer, "ascolto-routing", "s3cret", SECRET, place, lambda: self.now)
        return Site("routing", HOME, read_agency(SEED), SECRET, login, clock=lambda: self.now)

    def serve(self, site: Site, routers: list[APIRouter], folder: Path) -> None:
        """Answer as the issuer, and as a service with these routes."""
        clients = {"ascolto-routing": {"secret": "s3cret", "roles": []}}
        issuer = DevelopmentIssuer(ISSUER, load_key(folder / "key"), clients, 600, self.seconds)
        app = build_app("routing", Metrics("routing"), routers, dict, dict, error_page=site.error_page)
        self.hosts = {
            "issuer.example": httpx.ASGITransport(build_issuer(issuer)),
            "127.0.0.1": httpx.ASGITransport(app),
        }


def hidden(page: httpx.Response) -> dict[str, str]:
    """The hidden fields of all forms of a page; of a repeated name the last one."""
    return dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', page.text))


def form_to(page: httpx.Response, action: str) -> dict[str, str]:
    """The hidden fields of the form that is sent to an address."""
    [form] = re.findall(rf'<form[^>]*action="{re.escape(action)}"[^>]*>(.*?)</form>', page.text, re.DOTALL)
    return dict(re.findall(r'name="(\w+)" value="([^"]*)"', form))


async def log_in(browser: httpx.AsyncClient, role: str, path: str = HOME) -> httpx.Response:
    """Log in as a person does: open a page, choose a person at the issuer, return."""
    page = await browser.get(path)
    assert "Chi vuole essere?" in page.text
    return await browser.post(
        f"{ISSUER}/authorize", data=hidden(page) | {"person": "ada-esempio", "role": role}
    )
