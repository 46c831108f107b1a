"""Staff sessions: a logout ends a session on every replica, and changes at the issuer apply within minutes."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography.fernet import Fernet
from fastapi import HTTPException
from tests.routing.test_pages import (
    HERE,
    ISSUER,
    LABELS,
    MONDAY,
    REPORT,
    Web,
    hidden,
    log_in,
    login_over,
    site_over,
)

from chassis.errors import Unavailable
from chassis.http.app import build_app
from chassis.http.context import ServiceContext
from chassis.observe.metrics import Metrics
from chassis.store.memory import MemoryStore
from chassis.store.port import StoreSession
from contracts.intake import ReportRegistered
from routing.app.put_in_force import put_in_force
from routing.domain.cases import UNDO, Status
from routing.domain.registers import Register
from routing.entrypoints.pages.router import pages_router
from routing.handlers.documents import CASES
from stack.issuer import DevelopmentIssuer, TokenRequest, load_key
from stack.issuer import build_app as build_issuer
from stack.issuer_logins import Change


@dataclass
class Provider(DevelopmentIssuer):
    """The development issuer that counts refreshes and can answer as other providers do."""

    refreshed: int = 0
    gives_refresh_tokens: bool = True
    says_instead: dict[str, Any] = field(default_factory=dict)
    answers_with: int = 0

    def tokens(self, wanted: TokenRequest) -> dict[str, Any]:
        if self.answers_with:
            self.refreshed += 1
            raise HTTPException(self.answers_with)
        answer = super().tokens(wanted)
        if not self.gives_refresh_tokens:
            del answer["refresh_token"]
        if wanted.grant_type == "refresh_token":
            self.refreshed += 1
            if self.says_instead:
                claims = {"sub": "ada-esempio", "aud": wanted.client_id, "roles": ["operator"]}
                answer["id_token"] = self._sign("JWT", claims | self.says_instead)
            if "id_token" in self.says_instead:
                del answer["id_token"]
        return answer


COMMAND = "0190a000-0000-7000-8000-00000000c0de"


@dataclass
class Place:
    """Two replicas of routing on one store, the issuer, and their common clock."""

    web: Web
    replicas: list[httpx.ASGITransport]
    issuer: Provider
    store: MemoryStore
    context: ServiceContext

    def at(self, replica: int) -> None:
        """Direct further requests to this replica."""
        self.web.hosts["127.0.0.1"] = self.replicas[replica]

    def later(self, **time: float) -> None:
        self.web.now += timedelta(**time)


async def place_over(service: Any, store: MemoryStore, key: Path) -> Place:
    web = Web()
    clients = {"ascolto-routing": {"secret": "s3cret", "roles": []}}

    def seconds() -> float:
        return web.now.timestamp()

    issuer = Provider(ISSUER, load_key(key), clients, 600, seconds)
    context = replace(service.context, store=store, clock=lambda: web.now)
    apps = [
        build_app(
            "routing", Metrics("routing"), [pages_router(context, site_over(web), LABELS, UNDO)], dict, dict
        )
        for _ in range(2)
    ]
    web.hosts["issuer.example"] = httpx.ASGITransport(build_issuer(issuer))
    place = Place(web, [httpx.ASGITransport(app) for app in apps], issuer, store, context)
    place.at(0)
    return place


@pytest.fixture
async def place(service: Any, register: Register, tmp_path: Path) -> Place:
    """Routing with one case."""
    await put_in_force(service.context, register)
    fact = ReportRegistered(
        report_id=REPORT,
        category="isolamento",
        kind="social",
        urgency="s",
        place_id="bg-monterosso",
        neighbourhood="monterosso",
        province="bergamo",
        channel="web",
        language="it",
        heard_at=MONDAY,
    )
    await service.event(fact, key=REPORT, now=MONDAY)
    return await place_over(service, service.store, tmp_path / "key")


@pytest.fixture
async def browser(place: Place) -> AsyncIterator[httpx.AsyncClient]:
    async with place.web.browser() as made:
        yield made


def cookie_of(browser: httpx.AsyncClient, name: str = "sessione-routing") -> dict[str, str]:
    return {"Cookie": f"{name}={next(one.value for one in browser.cookies.jar if one.name == name)}"}


async def resolve(client: httpx.AsyncClient, form: dict[str, str], **more: Any) -> httpx.Response:
    closing = {"esito": "solved", "command_id": COMMAND}
    return await client.post(f"/lavoro/{REPORT}/chiudi", data=form | closing, **more)


async def is_closing(place: Place) -> bool:
    case = await place.context.load(CASES, REPORT)
    return case is not None and case.closing is not None


async def status_of(place: Place) -> Status:
    case = await place.context.load(CASES, REPORT)
    assert case is not None
    return case.status


@pytest.mark.parametrize(("left_at", "tried_at"), [(0, 0), (0, 1), (1, 0)])
async def test_a_copied_cookie_and_form_are_invalid_after_the_logout(
    place: Place, browser: httpx.AsyncClient, left_at: int, tried_at: int
) -> None:
    form = hidden(await log_in(browser))
    copied = cookie_of(browser)
    async with place.web.browser() as thief:
        assert "I miei casi" in (await thief.get("/lavoro", headers=copied)).text

    place.at(left_at)
    assert "È uscito" in (await browser.post("/lavoro/uscita", data=form)).text

    place.at(tried_at)
    async with place.web.browser() as thief:
        opened = await thief.get("/lavoro", headers=copied, follow_redirects=False)
        resolved = await resolve(thief, form, headers=copied, follow_redirects=False)
        settings = await thief.get("/lavoro/impostazioni", headers=copied, follow_redirects=False)
    assert [page.status_code for page in (opened, resolved, settings)] == [303, 303, 303]
    assert opened.headers["location"].startswith("/lavoro/accesso")
    assert await status_of(place) is Status.OPEN


async def test_a_csrf_token_ends_with_its_session(place: Place, browser: httpx.AsyncClient) -> None:
    form = hidden(await log_in(browser))
    await browser.post("/lavoro/uscita", data=form)
    await log_in(browser)

    assert (await resolve(browser, form)).status_code == 403
    assert await status_of(place) is Status.OPEN


async def test_a_login_creates_a_session_and_ends_the_previous_one(
    place: Place, browser: httpx.AsyncClient
) -> None:
    browser.cookies.set("sessione-routing", "planted", domain="127.0.0.1", path="/")
    await log_in(browser)
    first = cookie_of(browser)
    await browser.post(f"{ISSUER}/authorize", data=hidden(await browser.get("/lavoro/accesso")) | ADA)
    second = cookie_of(browser)

    assert len({"sessione-routing=planted", first["Cookie"], second["Cookie"]}) == 3
    async with place.web.browser() as other:
        for old in ({"Cookie": "sessione-routing=planted"}, first):
            assert (await other.get("/lavoro", headers=old, follow_redirects=False)).status_code == 303
        assert (await other.get("/lavoro", headers=second)).status_code == 200


ADA = {"person": "ada-esempio", "role": "operator"}


async def test_the_contents_of_the_database_open_no_session(place: Place, browser: httpx.AsyncClient) -> None:
    await log_in(browser)
    [row] = await place.store.query("sessions", {})

    kept = json.dumps(row, default=str)
    assert cookie_of(browser)["Cookie"].partition("=")[2] not in kept
    [login] = place.issuer.logins._open.values()
    assert login.token not in kept
    async with place.web.browser() as thief:
        for word in (row["_id"], row["state"]["forms"], row["state"]["refresh"]):
            answer = await thief.get(
                "/lavoro", headers={"Cookie": f"sessione-routing={word}"}, follow_redirects=False
            )
            assert answer.status_code == 303


async def test_a_cookie_of_the_previous_build_opens_no_session(place: Place) -> None:
    login = login_over(place.web)
    visitor = {"subject": "ada-esempio", "name": "Ada", "roles": ["operator"], "session": "5e" * 16}
    box: Fernet = login._box
    old = box.encrypt_at_time(json.dumps(["sessione", visitor]).encode(), int(MONDAY.timestamp())).decode()

    async with place.web.browser() as client:
        answer = await client.get(
            "/lavoro", headers={"Cookie": f"sessione-routing={old}"}, follow_redirects=False
        )

    assert answer.status_code == 303


async def test_a_revoked_role_is_refused_after_five_minutes(place: Place, browser: httpx.AsyncClient) -> None:
    form = hidden(await log_in(browser))
    place.issuer.logins.change(Change(person="ada-esempio", take="operator"))

    place.later(minutes=4, seconds=59)
    assert (await browser.get("/lavoro")).status_code == 200
    place.later(seconds=1)
    place.at(1)
    assert (await resolve(browser, form)).status_code == 403
    assert (await browser.get("/lavoro")).status_code == 403
    assert await status_of(place) is Status.OPEN

    place.issuer.logins.change(Change(person="ada-esempio", give="operator"))
    place.later(minutes=5)
    assert (await resolve(browser, form)).status_code == 200
    assert await is_closing(place)


async def test_a_user_without_the_role_can_still_log_out(place: Place, browser: httpx.AsyncClient) -> None:
    form = hidden(await log_in(browser))
    place.issuer.logins.change(Change(person="ada-esempio", take="operator"))
    place.later(minutes=5)
    assert (await browser.get("/lavoro")).status_code == 403

    assert "È uscito" in (await browser.post("/lavoro/uscita", data=form)).text
    assert await place.store.query("sessions", {}) == []


async def test_a_page_that_refuses_a_role_offers_logout_and_the_pages_of_that_role(
    place: Place, browser: httpx.AsyncClient
) -> None:
    page = await log_in(browser, "officer")
    assert page.status_code == 403
    assert "È uscito" in (await browser.post("/lavoro/uscita", data=hidden(page))).text

    page = await log_in(browser, "ops")
    assert page.status_code == 403
    assert '<a href="/lavoro/impostazioni">' in page.text


async def test_a_login_that_the_issuer_ended_ends_the_session(
    place: Place, browser: httpx.AsyncClient
) -> None:
    form = hidden(await log_in(browser))
    place.issuer.logins.change(Change(person="ada-esempio", end="all"))
    place.later(minutes=5)

    assert (await resolve(browser, form, follow_redirects=False)).status_code == 303
    assert "Chi vuole essere?" in (await browser.get("/lavoro")).text
    assert await place.store.query("sessions", {}) == []
    assert await status_of(place) is Status.OPEN


@pytest.mark.parametrize(
    "said",
    [
        {"sub": "bruno-finto"},
        {"nonce": "another"},
        {"aud": "another-client"},
        {"iss": "http://another.example"},
        {"exp": int(MONDAY.timestamp())},
        {"id_token": "none"},
    ],
)
async def test_an_identity_token_with_other_claims_ends_the_session(
    place: Place, browser: httpx.AsyncClient, said: dict[str, Any]
) -> None:
    await log_in(browser)
    place.issuer.says_instead = said
    place.later(minutes=5)

    assert "Chi vuole essere?" in (await browser.get("/lavoro")).text


async def test_a_name_that_a_refresh_omits_is_retained(place: Place, browser: httpx.AsyncClient) -> None:
    await log_in(browser)
    place.issuer.says_instead = {"roles": ["operator", "coordinator"]}
    place.later(minutes=5)

    page = await browser.get("/lavoro")
    assert "Ada Esempio" in page.text
    assert "/lavoro/impostazioni" in page.text


async def test_concurrent_requests_refresh_the_session_once(place: Place, browser: httpx.AsyncClient) -> None:
    await log_in(browser)
    place.later(minutes=6)
    headers = cookie_of(browser)

    async def ask(replica: httpx.ASGITransport) -> int:
        async with httpx.AsyncClient(transport=replica, base_url=HERE) as client:
            return (await client.get("/lavoro", headers=headers)).status_code

    answers = await asyncio.gather(*(ask(replica) for replica in place.replicas * 5))

    assert (set(answers), place.issuer.refreshed) == ({200}, 1)
    place.later(minutes=5)
    assert ((await browser.get("/lavoro")).status_code, place.issuer.refreshed) == (200, 2)


@dataclass
class Slow(httpx.AsyncBaseTransport):
    """A transport to the issuer that delays its answers until `let_go` is set."""

    inner: httpx.AsyncBaseTransport
    reached: asyncio.Event = field(default_factory=asyncio.Event)
    let_go: asyncio.Event = field(default_factory=asyncio.Event)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if request.url.path == "/token":
            self.reached.set()
            await self.let_go.wait()
        return await self.inner.handle_async_request(request)


async def test_requests_during_a_refresh_use_its_result(place: Place, browser: httpx.AsyncClient) -> None:
    await log_in(browser)
    slow = Slow(place.web.hosts["issuer.example"])
    place.web.hosts["issuer.example"] = slow
    place.issuer.logins.change(Change(person="ada-esempio", take="operator"))
    place.later(minutes=6)

    first = asyncio.create_task(browser.get("/lavoro"))
    await slow.reached.wait()
    second = asyncio.create_task(browser.get("/lavoro"))
    await asyncio.wait({second}, timeout=0.3)
    assert not second.done()
    slow.let_go.set()

    assert [(await first).status_code, (await second).status_code] == [403, 403]
    assert place.issuer.refreshed == 1


async def test_a_logout_during_a_refresh_is_final(place: Place, browser: httpx.AsyncClient) -> None:
    form = hidden(await log_in(browser))
    slow = Slow(place.web.hosts["issuer.example"])
    place.web.hosts["issuer.example"] = slow
    place.later(minutes=6)

    opened = asyncio.create_task(browser.get("/lavoro", follow_redirects=False))
    await slow.reached.wait()
    assert "È uscito" in (await browser.post("/lavoro/uscita", data=form)).text
    slow.let_go.set()

    assert (await opened).status_code == 303
    assert await place.store.query("sessions", {}) == []


async def test_a_refresh_that_never_completed_is_repeated(place: Place, browser: httpx.AsyncClient) -> None:
    await log_in(browser)
    place.later(minutes=6)
    sessions = login_over(place.web).sessions_in(place.store)
    held = await sessions.find(cookie_of(browser)["Cookie"].partition("=")[2])
    assert held is not None
    assert await sessions.claim(held) is not None  # by a replica that then crashed

    place.later(seconds=15)

    assert ((await browser.get("/lavoro")).status_code, place.issuer.refreshed) == (200, 1)


async def test_while_the_issuer_is_down_not_every_request_retries(
    place: Place, browser: httpx.AsyncClient
) -> None:
    await log_in(browser)
    place.issuer.answers_with = 503
    place.later(minutes=6)

    for _ in range(5):
        assert (await browser.get("/lavoro")).status_code == 200

    assert place.issuer.refreshed == 1
    place.issuer.answers_with = 0
    place.later(seconds=15)
    assert ((await browser.get("/lavoro")).status_code, place.issuer.refreshed) == (200, 2)


async def test_while_the_issuer_is_down_a_session_is_valid_for_fifteen_minutes(
    place: Place, browser: httpx.AsyncClient
) -> None:
    form = hidden(await log_in(browser))
    away = place.web.hosts.pop("issuer.example")

    for minutes in (5, 9):
        place.later(minutes=minutes)
        assert (await browser.get("/lavoro")).status_code == 200
    place.later(minutes=1)
    late = [await browser.get("/lavoro"), await resolve(browser, form)]
    assert [page.status_code for page in late] == [503, 503]
    assert "Torni fra poco" in late[0].text
    assert await status_of(place) is Status.OPEN

    place.web.hosts["issuer.example"] = away
    place.later(seconds=15)
    assert (await resolve(browser, form)).status_code == 200


async def test_logout_works_while_the_issuer_is_down(place: Place, browser: httpx.AsyncClient) -> None:
    form = hidden(await log_in(browser))
    del place.web.hosts["issuer.example"]
    place.later(minutes=20)

    assert "È uscito" in (await browser.post("/lavoro/uscita", data=form)).text
    assert await place.store.query("sessions", {}) == []


async def test_without_refresh_tokens_a_page_redirects_through_the_issuer_and_its_forms_stay_valid(
    place: Place, browser: httpx.AsyncClient
) -> None:
    place.issuer.gives_refresh_tokens = False
    form = hidden(await log_in(browser))
    place.later(minutes=5)

    refused = await resolve(browser, form)
    assert refused.status_code == 403
    assert "Accesso da confermare" in refused.text
    assert await status_of(place) is Status.OPEN

    asked = await browser.get("/lavoro")
    assert "Chi vuole essere?" in asked.text
    await browser.post(f"{ISSUER}/authorize", data=hidden(asked) | ADA)
    assert len(await place.store.query("sessions", {})) == 1
    assert (await resolve(browser, form)).status_code == 200
    assert await is_closing(place)


async def test_forms_of_another_user_are_not_valid_after_a_login(
    place: Place, browser: httpx.AsyncClient
) -> None:
    form = hidden(await log_in(browser))
    other = hidden(await browser.get("/lavoro/accesso")) | ADA | {"person": "bruno-finto"}
    await browser.post(f"{ISSUER}/authorize", data=other)

    assert (await resolve(browser, form)).status_code == 403


async def test_a_login_callback_works_once(place: Place, browser: httpx.AsyncClient) -> None:
    page = await browser.get("/lavoro")
    trip, asked = cookie_of(browser, "accesso"), hidden(page) | ADA

    async def come_back(replica: int) -> httpx.Response:
        place.at(replica)
        async with place.web.browser() as client:
            sent = await client.post(f"{ISSUER}/authorize", data=asked, follow_redirects=False)
            return await client.get(sent.headers["location"], headers=trip, follow_redirects=False)

    first, again = await come_back(0), await come_back(1)

    assert [first.status_code, again.status_code] == [303, 403]
    assert "Accesso da rifare" in again.text
    assert len(await place.store.query("sessions", {})) == 1


@dataclass
class ShakySession:
    """A session of a store that can be unavailable."""

    store: "ShakyStore"
    inner: StoreSession

    @property
    def id(self) -> bytes:
        return self.inner.id

    async def transact(self, work: Callable[[Any], Awaitable[Any]]) -> Any:
        self.store.refuse()
        return await self.inner.transact(work)

    async def close(self) -> None:
        await self.inner.close()


class ShakyStore(MemoryStore):
    """A store in memory that is unavailable while `away` is set."""

    away = False

    def refuse(self) -> None:
        if self.away:
            raise Unavailable("the database is away")

    async def _asked(self, step: Callable[[], Any], writes: Any = ()) -> Any:
        self.refuse()
        return await super()._asked(step, writes)

    async def session(self) -> StoreSession:
        return ShakySession(self, await super().session())


async def test_logout_is_not_confirmed_while_the_store_is_down(service: Any, tmp_path: Path) -> None:
    store = ShakyStore()
    place = await place_over(service, store, tmp_path / "key")
    async with place.web.browser() as browser:
        form = hidden(await log_in(browser))
        store.away = True

        opened, left = await browser.get("/lavoro"), await browser.post("/lavoro/uscita", data=form)

        assert [opened.status_code, left.status_code] == [503, 503]
        assert "Non è ancora uscito" in left.text
        assert "set-cookie" not in left.headers
        store.away = False
        assert "I miei casi" in (await browser.get("/lavoro")).text
        assert "È uscito" in (await browser.post("/lavoro/uscita", data=form)).text


async def test_login_fails_while_the_store_is_down(service: Any, tmp_path: Path) -> None:
    store = ShakyStore()
    place = await place_over(service, store, tmp_path / "key")
    store.away = True
    async with place.web.browser() as browser:
        asked = await browser.get("/lavoro/accesso")
        page = await browser.post(f"{ISSUER}/authorize", data=hidden(asked) | ADA)

        assert page.status_code == 503
        assert "sessione-routing" not in browser.cookies


async def test_the_issuers_page_revokes_a_role(place: Place, browser: httpx.AsyncClient) -> None:
    await log_in(browser)
    page = await browser.get(f"{ISSUER}/people")
    assert "Accessi aperti: operator." in page.text

    page = await browser.post(f"{ISSUER}/people", data={"person": "ada-esempio", "take": "operator"})
    assert re.search('name="give" value="operator"', page.text)
    place.later(minutes=5)
    assert (await browser.get("/lavoro")).status_code == 403
    page = await browser.post(f"{ISSUER}/people", data={"person": "ada-esempio", "end": "all"})
    assert "Accessi aperti: " not in page.text
