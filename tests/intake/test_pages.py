"""The public pages, without JavaScript."""

import re
from collections.abc import Iterator
from dataclasses import replace
from html.parser import HTMLParser

import httpx
import pytest
from fastapi import FastAPI

from chassis.http.app import build_app
from chassis.http.context import ServiceContext
from chassis.http.rates import Rates
from chassis.observe.metrics import Metrics
from chassis.store.memory import MemoryStore
from intake.adapters.mail_addresses import is_address
from intake.app.use_cases import use_cases
from intake.domain.draft_rules import Fault
from intake.domain.reports import Status
from intake.entrypoints import catalogue
from intake.entrypoints.pages import public
from webkit.csrf import CsrfTokens

GOOD = {"category": "ascensore", "place_id": "bg-malpensata-01", "description": "È fermo <da> ieri"}


class Outline(HTMLParser):
    """The tags of a page with their attributes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def values(self, tag: str, attribute: str) -> Iterator[str | None]:
        return (
            attributes[attribute] for name, attributes in self.tags if name == tag and attribute in attributes
        )


def hidden_id(page: httpx.Response) -> str:
    found = re.search(r'name="report_id" value="([0-9a-f-]{36})"', page.text)
    assert found is not None
    return found[1]


async def send(client: httpx.AsyncClient, path: str, data: dict[str, str]) -> httpx.Response:
    """Send a form as a browser does: with its CSRF token and the cookie."""
    seal = re.search(r'name="seal" value="([0-9a-f]{64})"', (await client.get("/segnala")).text)
    return await client.post(path, data={"seal": seal[1] if seal else ""} | data)


def receipt_of(page: httpx.Response) -> tuple[str, str]:
    code, pin = re.findall(r"<dd>([0-9A-Z-]+)</dd>", page.text)
    return code, pin


async def test_a_report_sent_twice_from_one_page_is_one_report(
    client: httpx.AsyncClient, store: MemoryStore
) -> None:
    form = GOOD | {"report_id": hidden_id(await client.get("/segnala"))}

    first = await send(client, "/segnala", form)
    reloaded = await send(client, "/segnala", form)

    assert (first.status_code, reloaded.status_code) == (201, 200)
    assert receipt_of(first) == receipt_of(reloaded)
    assert await store.count("reports", {}) == 1


async def test_a_form_with_faults_names_them_and_keeps_its_values(client: httpx.AsyncClient) -> None:
    page = await send(client, "/segnala", {"description": "<b>ciao", "email": "nessuno"})

    assert page.status_code == 422
    for field in ("category", "place_id", "email"):
        assert f'href="#{field}"' in page.text
        assert f'id="{field}-errore"' in page.text
    assert "&lt;b&gt;ciao" in page.text
    assert 'value="nessuno"' in page.text


async def test_a_corrected_form_is_registered_under_its_first_id(client: httpx.AsyncClient) -> None:
    first = hidden_id(await client.get("/segnala"))

    wrong = await send(client, "/segnala", {"report_id": first})
    right = await send(client, "/segnala", GOOD | {"report_id": hidden_id(wrong)})

    assert hidden_id(wrong) == first
    assert right.status_code == 201


async def test_another_text_from_the_same_page_can_be_sent_on_the_second_try(
    client: httpx.AsyncClient,
) -> None:
    form = GOOD | {"report_id": hidden_id(await client.get("/segnala"))}
    await send(client, "/segnala", form)

    asked = await send(client, "/segnala", form | {"description": "Un'altra cosa"})
    sent = await send(
        client, "/segnala", form | {"description": "Un'altra cosa", "report_id": hidden_id(asked)}
    )

    assert (asked.status_code, sent.status_code) == (422, 201)


async def test_an_immediate_danger_is_referred_to_112_first(
    client: httpx.AsyncClient, store: MemoryStore
) -> None:
    page = await send(client, "/segnala", GOOD | {"category": "pericolo-immediato"})

    assert page.status_code == 422
    assert "chiami subito il 112" in page.text
    assert await store.count("reports", {}) == 0


async def test_a_form_without_a_valid_id_gets_one(client: httpx.AsyncClient) -> None:
    page = await send(client, "/segnala", GOOD | {"report_id": "'; drop"})

    assert page.status_code == 201


async def test_the_form_keeps_its_text_while_the_database_is_unavailable(
    client: httpx.AsyncClient, store: MemoryStore
) -> None:
    form = GOOD | {"report_id": hidden_id(await client.get("/segnala"))}
    store.locks["reports", form["report_id"]] = b"a writer that does not end"

    page = await send(client, "/segnala", form)

    assert page.status_code == 503
    assert "ancora qui" in page.text
    assert hidden_id(page) == form["report_id"]


async def test_the_form_is_unavailable_before_the_registers_are_loaded(
    client: httpx.AsyncClient, store: MemoryStore
) -> None:
    await store.delete("registers", ["categories", "places"])

    page = await client.get("/segnala")

    assert (page.status_code, page.headers["retry-after"]) == (503, "2")
    assert "Torni fra un minuto" in page.text


async def test_code_and_pin_typed_by_hand_show_the_status(client: httpx.AsyncClient) -> None:
    code, pin = receipt_of(await send(client, "/segnala", GOOD))

    page = await client.post(
        "/stato", data={"code": f" {code.lower().replace('-', ' ')}", "pin": f"{pin[:3]} {pin[3:]}"}
    )

    assert page.status_code == 200
    assert "Ricevuta" in page.text
    assert "20 novembre 2026, ore 13:00" in page.text


async def test_a_wrong_pin_asks_again(client: httpx.AsyncClient) -> None:
    page = await client.post("/stato", data={"code": "AAAAA-AAAAA", "pin": "1"})

    assert page.status_code == 404
    assert 'href="#code"' in page.text


async def test_a_report_is_withdrawn_without_javascript(client: httpx.AsyncClient) -> None:
    code, pin = receipt_of(await send(client, "/segnala", GOOD))

    without_reason = await send(client, "/stato/ritiro", {"code": code, "pin": pin})
    withdrawn = await send(client, "/stato/ritiro", {"code": code, "pin": pin, "reason": "mistake"})

    assert (without_reason.status_code, withdrawn.status_code) == (422, 200)
    assert "Ritirata" in withdrawn.text
    assert "/stato/ritiro" not in withdrawn.text


@pytest.mark.parametrize("stolen", [{}, {"seal": "0" * 64}, {"seal": "è"}])
async def test_a_form_without_a_valid_csrf_token_is_shown_again_with_one(
    client: httpx.AsyncClient, store: MemoryStore, stolen: dict[str, str]
) -> None:
    page = await client.post("/segnala", data=GOOD | stolen)

    assert page.status_code == 403
    assert "prema di nuovo" in page.text
    assert "È fermo &lt;da&gt; ieri" in page.text
    assert await store.count("reports", {}) == 0
    seal = re.search(r'name="seal" value="([0-9a-f]{64})"', page.text)
    assert seal is not None
    assert (await client.post("/segnala", data=GOOD | {"seal": seal[1]})).status_code == 201


async def test_a_csrf_token_of_another_browser_is_refused(client: httpx.AsyncClient, app: FastAPI) -> None:
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url="http://intake.example"
    ) as other:
        seal = re.search(r'name="seal" value="([0-9a-f]{64})"', (await other.get("/segnala")).text)
    assert seal is not None
    await client.get("/segnala")

    page = await client.post("/segnala", data=GOOD | {"seal": seal[1]})

    assert page.status_code == 403


async def test_the_csrf_cookie_is_httponly_and_random(client: httpx.AsyncClient) -> None:
    first, again = await client.get("/segnala"), await client.get("/segnala")

    assert re.fullmatch(r"modulo=[0-9a-f]{32}; HttpOnly; Path=/; SameSite=lax", first.headers["set-cookie"])
    assert "set-cookie" not in again.headers


async def test_a_rate_limit_is_shown_as_a_page(context: ServiceContext) -> None:
    hurried = replace(context, rates=Rates(1, 1, lambda: 0.0))
    cases = use_cases(hurried, b"s" * 32, is_address)
    app = build_app(
        "intake", Metrics("intake"), [public.router(hurried, cases, CsrfTokens(b"s" * 32))], dict, dict
    )
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url="http://intake.example"
    ) as client:
        await client.get("/segnala")
        page = await client.get("/segnala")

    assert (page.status_code, page.headers["retry-after"]) == (429, "1")
    assert "Torni fra un minuto" in page.text


async def test_a_withdrawal_without_a_csrf_token_is_shown_again(client: httpx.AsyncClient) -> None:
    code, pin = receipt_of(await send(client, "/segnala", GOOD))

    page = await client.post("/stato/ritiro", data={"code": code, "pin": pin, "reason": "mistake"})

    assert page.status_code == 403
    assert "/stato/ritiro" in page.text


@pytest.mark.parametrize("path", ["/", "/segnala", "/stato"])
async def test_every_page_is_italian_has_strict_headers_and_the_emergency_numbers(
    client: httpx.AsyncClient, path: str
) -> None:
    page = await client.get(path)

    outline = Outline(page.text)
    assert list(outline.values("html", "lang")) == ["it"]
    assert "In caso di pericolo chiami il" in page.text
    assert "<script" not in page.text
    assert not [attributes for _, attributes in outline.tags if {"style", "onclick"} & set(attributes)]
    assert "style-src 'self'" in page.headers["Content-Security-Policy"]
    assert page.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("data", [None, {}], ids=["fresh", "with faults"])
async def test_every_control_has_a_label_and_every_reference_a_target(
    client: httpx.AsyncClient, data: dict[str, str] | None
) -> None:
    page = await (client.get("/segnala") if data is None else send(client, "/segnala", data))

    outline = Outline(page.text)
    ids = [attributes["id"] for _, attributes in outline.tags if "id" in attributes]
    controls = [
        attributes["id"]
        for tag, attributes in outline.tags
        if tag in ("input", "select", "textarea") and attributes.get("type") != "hidden"
    ]
    described = [
        name for tag in ("input", "select", "textarea") for name in outline.values(tag, "aria-describedby")
    ]
    assert len(ids) == len(set(ids))
    assert set(controls) <= set(outline.values("label", "for"))
    assert {name for names in described for name in (names or "").split()} <= set(ids)
    assert {link[1:] for link in outline.values("a", "href") if link and link[0] == "#"} <= set(ids)


async def test_the_style_is_served_by_the_service_itself(client: httpx.AsyncClient) -> None:
    style = await client.get("/static/intake.css")

    assert style.headers["Content-Type"].startswith("text/css")
    assert ":focus-visible" in style.text


def test_every_status_has_an_italian_text() -> None:
    assert set(catalogue.STATUS) == set(Status)


def test_an_unknown_fault_has_a_general_text() -> None:
    assert catalogue.fault_text(Fault("new-fault", "place_id", "", "")) == (
        "place_id",
        catalogue.FAULTS["other"],
    )


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (1, "un minuto"),
        (60, "un minuto"),
        (61, "2 minuti"),
        (900, "15 minuti"),
        (3541, "un'ora"),
        (3600, "un'ora"),
        (3601, "2 ore"),
        (86_400, "24 ore"),
    ],
)
def test_a_wait_is_rounded_up_in_words(seconds: int, said: str) -> None:
    assert catalogue.wait_text(seconds) == said


async def test_the_errors_are_in_the_order_of_the_form_and_the_summary_has_the_focus(
    client: httpx.AsyncClient,
) -> None:
    page = await send(client, "/segnala", {"email": "nessuno", "phone": "casa", "language": "xx1"})

    assert re.findall(r'<li><a href="#(\w+)">', page.text) == [
        "category",
        "place_id",
        "description",
        "email",
        "phone",
        "language",
    ]
    [summary] = [one for tag, one in Outline(page.text).tags if one.get("class") == "summary"]
    assert "autofocus" in summary


async def test_a_danger_is_dialled_from_the_summary(client: httpx.AsyncClient) -> None:
    page = await send(client, "/segnala", GOOD | {"category": "pericolo-immediato", "email": "nessuno"})

    assert page.status_code == 422
    assert '<li><a href="tel:112">' in page.text
    assert 'href="#category"' not in page.text
    assert '<li><a href="#email">' in page.text


@pytest.mark.parametrize(
    ("form", "missing"),
    [({}, ["code", "pin"]), ({"code": "ABCDE-FGHJK"}, ["pin"]), ({"pin": "123456", "code": " "}, ["code"])],
)
async def test_an_empty_code_or_pin_is_asked_for(
    form: dict[str, str], missing: list[str], client: httpx.AsyncClient
) -> None:
    page = await client.post("/stato", data=form)

    assert page.status_code == 422
    assert re.findall(r'<li><a href="#(\w+)">', page.text) == missing
    assert "Non c'è una segnalazione" not in page.text


async def test_everything_on_a_page_is_inside_a_landmark(client: httpx.AsyncClient) -> None:
    for address in ("/", "/segnala", "/stato"):
        body = (await client.get(address)).text.partition("<body>")[2]
        outside = re.sub(r"<(aside|header|main|footer)\b.*?</\1>", "", body, flags=re.DOTALL)
        assert re.findall(r"<(?!/)(\w+)", outside) == ["a"], "only the skip link"
