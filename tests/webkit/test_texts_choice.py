"""The language of a request."""

import httpx
import pytest
from fastapi import FastAPI, Request
from hypothesis import given
from hypothesis import strategies as st

from webkit.addresses import own_path
from webkit.i18n import PUBLIC, Texts, chosen_language, language_routes, staff_language
from webkit.i18n.choice import preferred

TEXTS = Texts()


@pytest.fixture
def browser() -> httpx.AsyncClient:
    app = FastAPI()
    app.include_router(language_routes())

    @app.get("/segnala")
    def public(request: Request) -> str:
        return chosen_language(request, TEXTS).code

    @app.get("/lavoro")
    def staff(request: Request) -> str:
        return staff_language(request, TEXTS).code

    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test")


@pytest.mark.parametrize(
    ("header", "code"),
    [
        ("", "it"),
        ("ar", "ar"),
        ("ro-MD,ro;q=0.9,it;q=0.8", "ro"),
        ("de-CH, fr;q=0.5, zh-TW;q=0.7", "zh"),
        ("de, *;q=0.5", "it"),
        ("en;q=0, uk;q=0.1", "uk"),
        ("en;q=nan, ar;q=9, es;q=x", "it"),
        ("EN-us", "en"),
    ],
)
async def test_a_page_is_in_the_language_that_the_browser_likes_best(
    browser: httpx.AsyncClient, header: str, code: str
) -> None:
    assert (await browser.get("/segnala", headers={"Accept-Language": header})).json() == code


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_choice_is_remembered_and_leads_back(browser: httpx.AsyncClient, method: str) -> None:
    values = {"lingua": "ar", "torna": "/segnala"}
    if method == "GET":
        answer = await browser.get("/lingua", params=values)
    else:
        answer = await browser.post("/lingua", data=values)

    assert (answer.status_code, answer.headers["location"]) == (303, "/segnala")
    assert "Max-Age=31536000" in answer.headers["set-cookie"]
    assert (await browser.get("/segnala", headers={"Accept-Language": "fr"})).json() == "ar"


async def test_staff_pages_are_italian_until_english_is_chosen(browser: httpx.AsyncClient) -> None:
    assert (await browser.get("/lavoro", headers={"Accept-Language": "en"})).json() == "it"
    await browser.get("/lingua?lingua=ar")
    assert (await browser.get("/lavoro")).json() == "it"
    await browser.get("/lingua?lingua=en")
    assert (await browser.get("/lavoro")).json() == "en"


async def test_a_language_that_is_not_offered_is_not_remembered(browser: httpx.AsyncClient) -> None:
    answer = await browser.get("/lingua?lingua=../etc&torna=/segnala")

    assert answer.headers["location"] == "/segnala"
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize(
    "address",
    [
        "https://example.org",
        "//example.org",
        "/\\example.org",
        "/\t/example.org",
        "segnala",
        "",
        "/\r\nX: y",
        "/" + "a" * 2001,
    ],
)
async def test_a_choice_never_leads_out_of_this_site(browser: httpx.AsyncClient, address: str) -> None:
    answer = await browser.get("/lingua", params={"lingua": "ar", "torna": address})

    assert answer.headers["location"] == "/"


@given(st.text(max_size=40))
def test_any_header_chooses_a_language_that_pages_have(header: str) -> None:
    assert preferred(header, PUBLIC) in PUBLIC


@given(st.text(max_size=40))
def test_any_address_is_a_path_of_this_site(address: str) -> None:
    path = own_path(address)

    assert path.startswith("/")
    assert not path.startswith(("//", "/\\"))
