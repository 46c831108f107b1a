"""The staff pages: access by role through a login at the development issuer, the board and the settings."""

import html
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis.http.app import build_app
from chassis.http.context import ServiceContext
from chassis.http.issuer import Issuer
from chassis.observe.metrics import Metrics
from contracts.intake import ReportRegistered
from routing.adapters.label_files import read_labels
from routing.app.put_in_force import put_in_force
from routing.domain.registers import Register
from routing.entrypoints.pages.router import pages_router
from routing.handlers.documents import CASES
from stack.issuer import DevelopmentIssuer, load_key
from stack.issuer import build_app as build_issuer
from webkit.addresses import own_path
from webkit.agency import read_agency
from webkit.login import Login, Place
from webkit.site import Site

ISSUER, HERE = "http://issuer.example", "http://127.0.0.1:8002"
MONDAY = datetime(2026, 11, 23, 9, tzinfo=UTC)
REPORT = "0190a000-0000-7000-8000-000000000001"
ROOT = Path(__file__).parents[2]
SECRET = b"an invented secret of 32 bytes.."
SEED = ROOT / "deploy" / "seed" / "routing"
LABELS = read_labels(SEED)
# Not the usual time, which would hide that a setting is not passed on.
TO_UNDO = timedelta(minutes=20)
CLOSING = {"esito": "solved", "command_id": "0190a000-0000-7000-8000-00000000c0de"}
CASE = "Solitudine e isolamento, Monterosso"


@dataclass
class Web(httpx.AsyncBaseTransport):
    """Hosts by name, each an application in this process, and their common clock."""

    now: datetime = MONDAY
    hosts: dict[str, httpx.AsyncBaseTransport] = field(default_factory=dict)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if request.url.host not in self.hosts:
            raise httpx.ConnectError("nobody is there")
        return await self.hosts[request.url.host].handle_async_request(request)

    def browser(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(transport=self, base_url=HERE, follow_redirects=True)


def login_over(web: Web, public_url: str = HERE) -> Login:
    issuer = Issuer(ISSUER, httpx.AsyncClient(transport=web), development=True)
    return Login(
        issuer, "ascolto-routing", "s3cret", SECRET, Place(public_url, "/lavoro", "routing"), lambda: web.now
    )


def site_over(web: Web, login: Login | None = None) -> Site:
    login = login or login_over(web)
    return Site("routing", "/lavoro", read_agency(SEED), SECRET, login, clock=lambda: web.now)


@pytest.fixture
async def web(service: Any, register: Register, tmp_path: Path) -> Web:
    """Routing with one case, and the issuer."""
    made, metrics = Web(), Metrics("routing")
    clients = {"ascolto-routing": {"secret": "s3cret", "roles": []}}

    def seconds() -> float:
        return made.now.timestamp()

    issuer = DevelopmentIssuer(ISSUER, load_key(tmp_path / "key"), clients, 600, seconds)
    context: ServiceContext = replace(service.context, clock=lambda: made.now)
    site = site_over(made)
    app = build_app(
        "routing",
        metrics,
        [pages_router(context, site, LABELS, TO_UNDO)],
        dict,
        dict,
        error_page=site.error_page,
    )
    made.hosts = {
        "issuer.example": httpx.ASGITransport(build_issuer(issuer)),
        "127.0.0.1": httpx.ASGITransport(app),
    }
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
    return made


@pytest.fixture
async def browser(web: Web) -> AsyncIterator[httpx.AsyncClient]:
    async with web.browser() as made:
        yield made


def hidden(page: httpx.Response) -> dict[str, str]:
    """The hidden fields of the page's last form."""
    return dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', page.text))


async def log_in(browser: httpx.AsyncClient, role: str = "operator") -> httpx.Response:
    """Log in as a user does: open the page, choose a person at the issuer, return."""
    page = await browser.get("/lavoro")
    assert "Chi vuole essere?" in page.text
    return await browser.post(
        f"{ISSUER}/authorize", data=hidden(page) | {"person": "ada-esempio", "role": role}
    )


async def test_a_login_returns_to_the_requested_page(browser: httpx.AsyncClient) -> None:
    page = await log_in(browser)

    assert (page.status_code, str(page.url)) == (200, f"{HERE}/lavoro")
    assert "Ada Esempio" in page.text
    assert "Solitudine e isolamento" in page.text


async def test_the_app_of_an_operator_reads_the_open_cases_and_is_never_sent_to_a_login(
    browser: httpx.AsyncClient,
) -> None:
    asked = {"HX-Request": "true"}
    before = await browser.get("/lavoro/oggi", headers=asked)
    await log_in(browser)
    [case] = (await browser.get("/lavoro/oggi", headers=asked)).json()["cases"]

    assert before.status_code == 401
    assert (case["report_id"], case["category"], case["late"]) == (REPORT, "Solitudine e isolamento", False)


@pytest.mark.parametrize(("role", "status"), [("coordinator", 200), ("officer", 403), ("ops", 403)])
async def test_only_operators_and_coordinators_see_cases(
    browser: httpx.AsyncClient, role: str, status: int
) -> None:
    page = await log_in(browser, role)

    assert page.status_code == status
    assert ("Solitudine e isolamento" in page.text) == (status == 200)
    assert page.headers["content-type"].startswith("text/html")


@pytest.mark.parametrize(
    ("role", "status"), [("coordinator", 200), ("ops", 200), ("operator", 403), ("officer", 403)]
)
async def test_only_coordinators_and_ops_see_the_settings(
    browser: httpx.AsyncClient, role: str, status: int
) -> None:
    await log_in(browser, role)

    page = await browser.get("/lavoro/impostazioni")

    assert page.status_code == status
    assert ("deploy/seed/routing/rules.yaml" in page.text) == (status == 200)


async def test_the_settings_page_shows_the_register_in_force_its_date_and_its_files(
    browser: httpx.AsyncClient, register: Register
) -> None:
    await log_in(browser, "coordinator")

    page = html.unescape((await browser.get("/lavoro/impostazioni")).text)

    assert "In vigore da lunedì 23 novembre 2026, ore 10:00." in page
    assert f"Revisione 1. Impronta: <code>{register.content}</code>" in page
    assert all(rule.why in page for rule in register.rules.rules)
    assert all(operator.name in page for operator in register.operators)
    assert "Longuelo-Loreto" in page
    assert "Quartieri che nessuno segue: Foresto Sparso." in page
    assert "24 ore" in page
    assert "20 giorni lavorativi" in page
    assert "Prima di cominciare" in page  # the shipped operators are invented
    named = re.findall(r"<code>(deploy/seed/[^<]+)</code>", page)
    assert len(set(named)) == 10
    assert all((ROOT / name).is_file() for name in named)


async def test_a_register_without_a_date_is_shown_as_such(
    browser: httpx.AsyncClient, service: Any, register: Register
) -> None:
    row = await service.store.get("registers", "current")
    older = {name: value for name, value in row["state"].items() if name != "loading"}
    await service.store.delete("registers", ["current"])
    await service.store.insert_missing("registers", [{"_id": "current", "version": 1, "state": older}])
    await log_in(browser, "coordinator")

    page = (await browser.get("/lavoro/impostazioni")).text

    assert "Da quando è in vigore non è noto" in page
    assert register.content in page


async def test_only_those_who_may_open_the_settings_see_the_link(
    browser: httpx.AsyncClient,
) -> None:
    assert "/lavoro/impostazioni" not in (await log_in(browser, "operator")).text
    await browser.post("/lavoro/uscita", data=hidden(await browser.get("/lavoro")))
    page = await log_in(browser, "coordinator")
    assert '<a href="/lavoro/quadro" aria-current="page">' in page.text

    ops = await browser.get("/lavoro/impostazioni")
    assert "Quadro" in ops.text
    assert "È uscito" in (await browser.post("/lavoro/uscita", data=hidden(ops))).text


@pytest.mark.parametrize("seal", ["", "0" * 64, "è"])
async def test_a_form_without_a_valid_csrf_token_changes_nothing(
    browser: httpx.AsyncClient, service: Any, seal: str
) -> None:
    form = hidden(await log_in(browser)) | CLOSING | {"seal": seal}

    pages = [await browser.post(path, data=form) for path in (f"/lavoro/{REPORT}/chiudi", "/lavoro/uscita")]

    assert [page.status_code for page in pages] == [403, 403]
    assert "Modulo scaduto" in pages[0].text
    assert (await service.context.load(CASES, REPORT)).closing is None


async def test_a_csrf_token_of_another_session_is_refused(web: Web, browser: httpx.AsyncClient) -> None:
    async with web.browser() as other:
        stolen = hidden(await log_in(other))["seal"]
    form = hidden(await log_in(browser)) | CLOSING | {"seal": stolen}

    assert (await browser.post(f"/lavoro/{REPORT}/chiudi", data=form)).status_code == 403


async def test_after_a_logout_a_page_requires_a_login(browser: httpx.AsyncClient) -> None:
    page = await browser.post("/lavoro/uscita", data=hidden(await log_in(browser)))

    assert "È uscito" in page.text
    assert "Chi vuole essere?" in (await browser.get("/lavoro")).text


async def test_a_session_ends_after_an_hour(web: Web, browser: httpx.AsyncClient) -> None:
    await log_in(browser)

    web.now += timedelta(minutes=59)
    assert "I miei casi" in (await browser.get("/lavoro")).text
    web.now += timedelta(minutes=2)
    assert "Chi vuole essere?" in (await browser.get("/lavoro")).text


async def test_the_session_cookie_is_http_only_and_cannot_be_forged(
    web: Web, browser: httpx.AsyncClient
) -> None:
    page = await log_in(browser)

    cookie = page.history[-1].headers.get_list("set-cookie")[0]
    assert re.fullmatch(r"sessione-routing=[\w=-]+; HttpOnly; Max-Age=3600; Path=/; SameSite=lax", cookie)
    other = "B" if cookie[40] == "A" else "A"
    for word in ("", "x", cookie[9:60], cookie[9:40] + other + cookie[41:200], "è"):
        async with web.browser() as stranger:
            answer = await stranger.get("/lavoro", headers={b"cookie": f"sessione-routing={word}".encode()})
            assert "Chi vuole essere?" in answer.text


async def test_the_cookie_of_a_login_in_progress_is_no_session(web: Web, browser: httpx.AsyncClient) -> None:
    await browser.get("/lavoro/accesso")
    trip = next(cookie for cookie in browser.cookies.jar if cookie.name == "accesso")

    async with web.browser() as stranger:
        answer = await stranger.get("/lavoro", headers={"Cookie": f"sessione-routing={trip.value}"})

    assert "Chi vuole essere?" in answer.text


def test_over_https_the_session_cookie_has_the_host_prefix() -> None:
    assert login_over(Web(), "https://ascolto.example").session_cookie == "__Host-sessione-routing"


async def callback_of(browser: httpx.AsyncClient) -> tuple[str, dict[str, str]]:
    """The code and state of the issuer's redirect to the callback."""
    page = await browser.get("/lavoro")
    answer = await browser.post(
        f"{ISSUER}/authorize",
        data=hidden(page) | {"person": "ada-esempio", "role": "operator"},
        follow_redirects=False,
    )
    place = answer.headers["location"]
    return place, {name: values[0] for name, values in parse_qs(urlsplit(place).query).items()}


async def test_a_code_for_another_browser_is_refused(web: Web, browser: httpx.AsyncClient) -> None:
    place, _ = await callback_of(browser)
    async with web.browser() as victim:
        never_asked = await victim.get(place)
        await victim.get("/lavoro")
        another_state = await victim.get(place)

    assert [never_asked.status_code, another_state.status_code] == [403, 403]
    assert "Accesso da rifare" in another_state.text


async def test_a_code_is_valid_once_and_for_a_minute(web: Web, browser: httpx.AsyncClient) -> None:
    place, said = await callback_of(browser)
    assert (await browser.get(place)).status_code == 200

    late, _ = await callback_of_a_new_browser(web, browser)
    web.now += timedelta(seconds=61)

    assert (await browser.get(late)).status_code == 403
    wanted = {
        "grant_type": "authorization_code",
        "code": said["code"],
        "redirect_uri": f"{HERE}/lavoro/accesso/ritorno",
    }
    used = await browser.post(f"{ISSUER}/token", data=wanted, auth=("ascolto-routing", "s3cret"))
    assert (used.status_code, used.json()) == (400, {"error": "invalid_grant"})


async def callback_of_a_new_browser(web: Web, browser: httpx.AsyncClient) -> tuple[str, dict[str, str]]:
    browser.cookies.clear()
    return await callback_of(browser)


async def test_a_code_without_its_verifier_is_refused(browser: httpx.AsyncClient) -> None:
    _, said = await callback_of(browser)
    form = {
        "grant_type": "authorization_code",
        "code": said["code"],
        "redirect_uri": f"{HERE}/lavoro/accesso/ritorno",
    }

    stolen = await browser.post(
        f"{ISSUER}/token", data=form | {"code_verifier": "guessed"}, auth=("ascolto-routing", "s3cret")
    )

    assert stolen.json() == {"error": "invalid_grant"}


@pytest.mark.parametrize(
    "query", ["", "?state=x&code=y", "?error=access_denied", "?state=%00", "?state=è&code=è&code=z"]
)
async def test_an_unrequested_callback_shows_a_page_and_creates_no_session(
    browser: httpx.AsyncClient, query: str
) -> None:
    await browser.get("/lavoro/accesso")

    page = await browser.get(f"/lavoro/accesso/ritorno{query}")

    assert page.status_code == 403
    assert "sessione-routing" not in browser.cookies


async def test_an_identity_token_of_another_login_is_refused(web: Web, browser: httpx.AsyncClient) -> None:
    asked = await browser.get("/lavoro")
    form = hidden(asked) | {"person": "ada-esempio", "role": "operator", "nonce": "another"}

    page = await browser.post(f"{ISSUER}/authorize", data=form)

    assert page.status_code == 403
    assert "sessione-routing" not in browser.cookies


async def test_while_the_issuer_is_down_the_page_shows_it(web: Web, browser: httpx.AsyncClient) -> None:
    del web.hosts["issuer.example"]

    page = await browser.get("/lavoro")

    assert page.status_code == 503
    assert "Torni fra poco" in page.text


@pytest.mark.parametrize(
    "change",
    [
        {"redirect_uri": "https://evil.example/x"},
        {"redirect_uri": "http://127.0.0.1.evil.example/"},
        {"client_id": "another"},
        {"code_challenge_method": "plain"},
        {"response_type": "token"},
    ],
)
async def test_the_development_issuer_redirects_to_no_other_address(
    browser: httpx.AsyncClient, change: dict[str, str]
) -> None:
    form = hidden(await browser.get("/lavoro"))

    asked = await browser.get(f"{ISSUER}/authorize", params=form | change)
    sent = await browser.post(
        f"{ISSUER}/authorize", data=form | change | {"person": "ada-esempio", "role": "operator"}
    )

    assert [asked.status_code, sent.status_code] == [400, 400]


@given(
    st.text() | st.sampled_from(["//evil.example", "/\\evil.example", "https://evil.example", "/a\nb", "x"])
)
def test_a_login_redirects_to_no_other_site(wanted: str) -> None:
    place = own_path(wanted)

    assert urlsplit(place).netloc == ""
    assert re.match(r"/(?![/\\])", place + " ")
    assert place.isprintable()


@pytest.mark.parametrize(
    "named", [REPORT, "0190a000-0000-7000-8000-0000000000ff", "anything", "state.status"]
)
async def test_an_address_alone_confirms_nothing(named: str, browser: httpx.AsyncClient) -> None:
    await log_in(browser)

    page = await browser.get("/lavoro", params={"fatto": named})

    assert page.status_code == 200
    assert "Fatto" not in page.text


@pytest.mark.parametrize(("role", "links"), [("ops", ["/lavoro/impostazioni"]), ("officer", [])])
async def test_a_refused_page_leads_to_a_page_that_opens(
    role: str, links: list[str], browser: httpx.AsyncClient
) -> None:
    page = await log_in(browser, role)

    assert [link for link in re.findall(r'<a href="(/lavoro[^"]*)"', page.text) if link in links] == links
    for link in links:
        assert (await browser.get(link)).status_code == 200
    assert "Esci" in page.text
