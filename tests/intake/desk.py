"""The staff pages of intake in memory: their site, and browsers in which somebody is logged in."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import httpx

from chassis.service import ServiceContext
from chassis.testing import MemoryService
from chassis.web import Issuer
from intake.app.readings import Reader
from intake.entrypoints.pages.desk_layout import HOME
from webkit.agency import read_agency
from webkit.login import Login, Place
from webkit.sessions import Identity, Sessions
from webkit.site import Site

SEED = Path(__file__).parents[2] / "deploy" / "seed" / "intake"
PUBLIC_URL = "http://intake.example"
COOKIE = "sessione-intake"


def nobody_is_there(request: httpx.Request) -> httpx.Response:
    raise httpx.ConnectError("the issuer is down", request=request)


def staff_site(context: ServiceContext, secret: bytes, home: str = HOME) -> Site:
    """The site below this path, over an issuer that is down."""
    issuer = Issuer(
        "http://issuer.example", httpx.AsyncClient(transport=httpx.MockTransport(nobody_is_there))
    )
    place = Place(PUBLIC_URL, HOME, "intake")
    login = Login(issuer, "ascolto-intake", "s3cret", secret, place, context.clock)
    site = Site("intake", home, read_agency(SEED), secret, login, clock=context.clock)
    site.share(public_url=PUBLIC_URL)
    return site


@dataclass
class Browser:
    """A browser in which somebody is logged in; of the redirects it follows those to a refused form."""

    http: httpx.AsyncClient

    async def open(self, path: str, headers: Mapping[str, str] | None = None) -> httpx.Response:
        return await self.http.get(path, headers=headers)

    async def send(self, page: httpx.Response, typed: Mapping[str, str], form: int = -1) -> httpx.Response:
        """Fill in a form of the page that is sent with POST (the last one) and send it."""
        found = re.findall(
            r'<form[^>]*method="post" action="([^"]+)"[^>]*>(.*?)</form>', page.text, re.DOTALL
        )
        action, inside = [one for one in found if not one[0].endswith("/uscita")][form]
        hidden = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', inside))
        sent = await self.http.post(action, data=hidden | dict(typed))
        place = sent.headers.get("location", "")
        return await self.http.get(place) if "/modulo/" in place else sent


async def log_in(service: MemoryService, secret: bytes, reader: Reader) -> Browser:
    """A browser with a session of this person."""
    sessions = Sessions(service.store, secret, service.clock)
    identity = Identity(reader.subject, reader.name, tuple(reader.roles))
    cookie = await sessions.begin(f"state of {reader.subject}", "nonce", identity, None)
    client = service.client()
    client.cookies.set(COOKIE, cookie)
    return Browser(client)
