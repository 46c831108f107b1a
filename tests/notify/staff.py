"""The staff pages of notify in memory: their site, and browsers in which somebody is logged in."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import httpx

from chassis.service import ServiceContext
from chassis.testing import MemoryService
from chassis.web import Issuer
from webkit.agency import read_agency
from webkit.login import Login, Place
from webkit.sessions import Identity, Sessions
from webkit.site import Site

SEED = Path(__file__).parents[2] / "deploy" / "seed" / "notify"
SECRET = b"an invented secret of 32 bytes.."


def nobody_is_there(request: httpx.Request) -> httpx.Response:
    raise httpx.ConnectError("the issuer is down", request=request)


def staff_site(context: ServiceContext) -> Site:
    """The site over an issuer that is down."""
    client = httpx.AsyncClient(transport=httpx.MockTransport(nobody_is_there))
    place = Place("http://notify.example", "/messaggi", "notify")
    issuer = Issuer("http://issuer.example", client)
    login = Login(issuer, "ascolto-notify", "s3cret", SECRET, place, context.clock)
    return Site("notify", "/messaggi", read_agency(SEED), SECRET, login, clock=context.clock)


@dataclass
class Browser:
    """A browser in which somebody is logged in; of the redirects it follows those to a refused form."""

    http: httpx.AsyncClient

    async def open(self, path: str, **query: str) -> httpx.Response:
        return await self.http.get(path, params=query or None)

    async def send(self, page: httpx.Response, typed: Mapping[str, str]) -> httpx.Response:
        """Fill in the last form of the page that is sent with POST, and send it."""
        found = re.findall(
            r'<form[^>]*method="post" action="([^"]+)"[^>]*>(.*?)</form>', page.text, re.DOTALL
        )
        action, inside = found[-1]
        hidden = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', inside))
        sent = await self.http.post(action, data=hidden | dict(typed))
        place = sent.headers.get("location", "")
        return await self.http.get(place) if "/modulo/" in place else sent


async def log_in(service: MemoryService, *roles: str) -> Browser:
    """A browser with a session of somebody with these roles."""
    identity = Identity("ada-esempio", "Ada Esempio", roles)
    cookie = await Sessions(service.store, SECRET, service.clock).begin("state", "nonce", identity, None)
    client = service.client()
    client.cookies.set("sessione-notify", cookie)
    return Browser(client)
