"""A site renders pages in the reader's language, tells results once, and leads on from every error."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import httpx
import pytest
from fastapi import APIRouter, Depends, Request, Response
from tests.webkit.browsing import HERE, HOME, MONDAY, SECRET, Web, hidden, log_in

from chassis.handling import Reactions
from chassis.service import Plan
from chassis.testing import MemoryService
from chassis.web import REFUSED_FORMS
from webkit.addresses import Address, own_path
from webkit.login import Visitor
from webkit.menu import AREAS, current_area
from webkit.notifications import COOKIE, Notification, Notifications

FORM = f"{HOME}/modulo-di-prova"


@pytest.fixture
async def service() -> AsyncIterator[MemoryService]:
    async with MemoryService(Plan("routing", Reactions(), (), lambda _: ()), MONDAY) as made:
        yield made


@pytest.fixture
def web(service: MemoryService, tmp_path: Path) -> Web:
    made, router = Web(), APIRouter()
    site = made.site()
    guard = site.guard(service.context, "operator", "officer")

    @router.get(HOME, dependencies=[Depends(guard)])
    async def show(request: Request) -> Response:
        return site.page(request, "kit/development/kit.html")

    @router.post(f"{HOME}/fatto")
    async def do(request: Request, gia: str = "") -> Response:
        return site.redirect(request, f"{HOME}/mostra", "closed", bool(gia), {"case": "Ascensore <b>"})

    @router.get(f"{HOME}/mostra")
    async def told(request: Request) -> Response:
        return site.page(request, "kit/notice.html", title="Prova", text="", link=None, onward="/")

    @router.api_route(FORM, methods=["GET", "POST"])
    async def fill_in(request: Request, visitor: Annotated[Visitor, Depends(guard)]) -> Response:
        typed = str((await request.form()).get("testo", ""))
        made.forms += [typed] if typed else []
        values = {"title": "Prova", "text": typed, "link": None, "onward": "/"}
        return site.page(request, "kit/notice.html", 422 if typed else 200, reader=visitor, **values)

    made.serve(site, [router, site.login_router(service.context, "operator", "officer")], tmp_path)
    return made


@pytest.fixture
async def browser(web: Web) -> AsyncIterator[httpx.AsyncClient]:
    async with web.browser() as made:
        yield made


async def test_every_component_is_on_the_page_of_components(browser: httpx.AsyncClient) -> None:
    page = await log_in(browser, "operator")

    assert page.status_code == 200
    for part in ("error-summary", "timeline", "chart", "filter", "confirm-step", "paging", "receipt"):
        assert f'class="{part}' in page.text
    assert "script-src 'self'" in page.headers["content-security-policy"]
    assert " style=" not in page.text


@pytest.mark.parametrize(
    ("accepts", "kind"), [("text/html", "text/html"), ("*/*", "application/problem+json")]
)
async def test_an_error_is_a_page_for_browsers_and_a_problem_for_programs(
    browser: httpx.AsyncClient, accepts: str, kind: str
) -> None:
    absent = await browser.get("/nessuna", headers={"Accept": accepts})
    wrong = await browser.put(f"{HOME}/fatto", headers={"Accept": accepts})
    large = await browser.post(f"{HOME}/fatto", content=b"x" * 70_000, headers={"Accept": accepts})
    elsewhere = await browser.post(
        f"{HOME}/fatto", headers={"Accept": accepts, "Sec-Fetch-Site": "cross-site"}
    )

    answers = (absent, wrong, large, elsewhere)
    assert [one.status_code for one in answers] == [404, 405, 413, 403]
    assert {one.headers["content-type"].partition(";")[0] for one in answers} == {kind}
    assert wrong.headers["allow"] == "POST"
    if kind == "text/html":
        assert "Questa pagina non c" in absent.text
        assert all(f'href="{HOME}"' in one.text for one in answers)


async def test_a_result_is_told_once_and_only_when_it_happened(browser: httpx.AsyncClient, web: Web) -> None:
    told = await browser.post(f"{HOME}/fatto")
    later = await browser.get(f"{HOME}/mostra")
    forged = await browser.get(f"{HOME}/mostra", headers={"Cookie": f"{COOKIE}=eyJhIjoxfQ.{'0' * 64}"})

    assert "alert-success" in told.text
    assert "Ascensore <b>" not in told.text
    assert "alert-success" not in later.text
    assert "alert-success" not in forged.text


async def test_a_repeated_form_says_so(browser: httpx.AsyncClient) -> None:
    assert "non è cambiato niente" in (await browser.post(f"{HOME}/fatto?gia=1")).text


def request_with(headers: list[tuple[bytes, bytes]]) -> Request:
    place = {"scheme": "http", "server": ("127.0.0.1", 80), "path": "/", "query_string": b""}
    return Request({"type": "http", "method": "GET", "headers": headers, **place})


def test_a_notification_ends_and_is_of_one_service() -> None:
    def asked(response: Response) -> Request:
        cookie = response.headers["set-cookie"].partition(";")[0]
        return request_with([(b"cookie", cookie.encode())])

    now = MONDAY
    mine = Notifications(SECRET, "/", lambda: now)
    response = Response()
    mine.put(response, request_with([]), Notification("closed"))

    assert mine.take(asked(response)) == Notification("closed")
    assert Notifications(b"of another service", "/", lambda: now).take(asked(response)) is None
    now = MONDAY.replace(hour=10)
    assert mine.take(asked(response)) is None


def test_a_filter_begins_at_the_first_page_and_an_order_keeps_the_filter() -> None:
    here = Address("/lavoro/quadro", {"quartiere": "monterosso", "pagina": "3"})

    assert here.but(ordine="-entro") == "/lavoro/quadro?quartiere=monterosso&ordine=-entro"
    assert here.but(pagina=4) == "/lavoro/quadro?quartiere=monterosso&pagina=4"
    assert here.but(quartiere=None) == "/lavoro/quadro"


def test_a_page_belongs_to_the_nearest_area() -> None:
    assert current_area("/lavoro/assenze/nuova") == "absences"
    assert current_area("/lavoro/0190a000") == "mine"
    assert current_area("/stato") == ""
    assert len({area.code for area in AREAS}) == len(AREAS)


@pytest.mark.parametrize(
    "elsewhere", ["https://altrove.example", "//altrove.example", "/\\altrove", "altrove"]
)
def test_a_login_returns_to_this_site_only(elsewhere: str) -> None:
    assert own_path(elsewhere) == "/"
    assert own_path("/lavoro/quadro?quartiere=monterosso") == "/lavoro/quadro?quartiere=monterosso"


async def test_a_refused_form_is_a_page_of_its_own_that_back_and_reload_can_ask_for(
    browser: httpx.AsyncClient, web: Web, service: MemoryService
) -> None:
    seal = hidden(await log_in(browser, "operator", FORM))
    wrong = await browser.post(FORM, data=seal | {"testo": "Anna, scala B"})
    again = await browser.get(wrong.url)

    assert [one.status_code for one in wrong.history] == [303]
    assert (wrong.status_code, again.status_code) == (422, 422)
    assert "Anna, scala B" in again.text
    assert web.forms == ["Anna, scala B"]
    assert "Anna" not in str(wrong.url) + str(wrong.history[0].headers)
    assert "Anna" not in str(await service.store.query(REFUSED_FORMS, {}))


async def test_a_refused_form_is_shown_to_its_own_session_for_half_an_hour(
    browser: httpx.AsyncClient, web: Web, service: MemoryService
) -> None:
    seal = hidden(await log_in(browser, "operator", FORM))
    wrong = await browser.post(FORM, data=seal | {"testo": "Anna"})
    async with web.browser() as other:
        await log_in(other, "operator")
        assert (await other.get(wrong.url)).status_code == 404

    service.now = web.now = web.now + timedelta(minutes=31)
    assert (await browser.get(wrong.url)).status_code == 404


async def test_a_refused_form_that_cannot_be_kept_is_answered_directly(
    browser: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    seal = hidden(await log_in(browser, "operator", FORM))
    monkeypatch.setattr("webkit.refused_forms.MOST_BYTES", 10)

    answer = await browser.post(FORM, data=seal | {"testo": "Anna"})

    assert (answer.status_code, answer.history, str(answer.url)) == (422, [], f"{HERE}{FORM}")
