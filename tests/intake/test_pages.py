"""The public pages of a new report, without JavaScript."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

import httpx
import pytest
from fastapi import FastAPI
from tests.intake.browsing import Outline, Page
from tests.intake.conftest import NOON, SECRET, SEED

from chassis.http.app import build_app
from chassis.http.context import ServiceContext
from chassis.http.rates import Rates
from chassis.ids import uuid7
from chassis.observe.metrics import Metrics
from chassis.store.memory import MemoryStore
from chassis.testing import MemoryService
from intake.adapters.mail_addresses import is_address
from intake.app.browser_drafts import COLLECTION
from intake.app.use_cases import use_cases
from intake.entrypoints.pages.public import public_router
from intake.entrypoints.pages.report_form import SAME, STEPS
from intake.handlers.documents import REPORTS
from webkit.agency import read_agency
from webkit.csrf import CsrfTokens
from webkit.i18n import Texts
from webkit.site import Site

GOOD = {"category": "ascensore", "place_id": "bg-malpensata-01", "description": "È fermo <da> ieri"}
# Nothing was reported before in these tests.
ASKED = [one for one in STEPS if one is not SAME]
TYPED: Sequence[Mapping[str, str]] = (
    {"group": "technical"},
    {"category": "ascensore"},
    {"place_id": "bg-malpensata-01"},
    {"flat": "bg-malpensata-01-int2"},
    {"q-persone-dentro": "no"},
    {"description": "È fermo <da> ieri"},
    {"email": "tenant@example.org"},
)


async def walk(client: httpx.AsyncClient, *typed: Mapping[str, str], begin: str = "/segnala") -> Page:
    """The page after these answers."""
    page = await Page.open(client, begin)
    for values in typed:
        page = await page.send(values)
    return page


async def press_send(page: Page) -> Page:
    """The page after the button of the summary."""
    return await page.send({"seal": page.form("seal").values["seal"]})


def receipt_of(page: Page) -> tuple[str, str]:
    code, pin = re.findall(r'<dd><bdi dir="ltr">([0-9A-Z-]+)</bdi></dd>', page.text)
    return code, pin


async def test_a_report_is_made_in_steps_and_ends_at_its_receipt(
    client: httpx.AsyncClient, service: MemoryService
) -> None:
    page = await Page.open(client, "/segnala")
    seen = [page.path]
    for values in TYPED:
        page = await page.send(values)
        seen.append(page.path.rpartition("/")[2])
    for shown in (
        "Ascensore fermo o guasto",
        "via Luzzatti",
        "È fermo &lt;da&gt; ieri",
        "tenant@example.org",
    ):
        assert shown in page.text

    receipt = await press_send(page)

    assert seen == ["/segnala", "categoria", "luogo", "punto", "domande", "testo", "recapiti", "riepilogo"]
    assert receipt.path.endswith("/ricevuta")
    assert all(receipt_of(receipt))
    assert "e-mail che ha dato" in receipt.text
    [report] = await service.documents(REPORTS)
    assert (report.category, report.place_id, report.channel) == ("ascensore", "bg-malpensata-01", "web")


async def test_sending_again_from_the_summary_shows_the_first_receipt_and_says_so(
    client: httpx.AsyncClient, store: MemoryStore
) -> None:
    summary = await walk(client, *TYPED)
    first = await press_send(summary)
    back = await Page.open(client, summary.path)

    again = await press_send(back)

    assert receipt_of(again) == receipt_of(first)
    assert "L&#39;avevamo già ricevuta" in again.text
    assert "già ricevuta" not in (await Page.open(client, again.path)).text
    assert await store.count(REPORTS.name, {}) == 1


async def test_another_text_after_the_first_sending_is_another_report_on_the_second_press(
    client: httpx.AsyncClient, store: MemoryStore
) -> None:
    summary = await walk(client, *TYPED)
    first = await press_send(summary)
    text = await Page.open(client, summary.path.replace("riepilogo", "testo") + "?da=riepilogo")

    asked = await press_send(await text.send({"description": "Un'altra cosa"}))
    second = await press_send(asked)

    assert asked.path == summary.path
    assert "prema di nuovo" in asked.text
    assert receipt_of(second) != receipt_of(first)
    assert await store.count(REPORTS.name, {}) == 2


@pytest.mark.parametrize(
    ("before", "wrong", "field"),
    [
        (0, {"group": ""}, "group"),
        (1, {"category": ""}, "category"),
        (2, {"place_id": ""}, "place_id"),
        (3, {"flat": "bg-malpensata-02-int1"}, "flat"),
        (4, {"q-persone-dentro": ""}, "q-persone-dentro"),
        (5, {"description": " "}, "description"),
        (6, {"email": "nessuno"}, "email"),
    ],
)
async def test_a_wrong_answer_comes_back_at_an_address_of_its_own_with_what_was_typed(
    before: int, wrong: Mapping[str, str], field: str, client: httpx.AsyncClient
) -> None:
    page = await walk(client, *TYPED[:before])
    sent = await page.send(wrong, raw=True)

    shown = await Page.open(client, sent.response.headers["location"])
    reloaded = await Page.open(client, shown.path)

    assert (sent.status, shown.status, reloaded.status) == (303, 422, 422)
    assert shown.path.endswith(STEPS[before].code)
    assert f'href="#{field}"' in shown.text
    assert f'id="{field}-errore"' in shown.text
    assert (await shown.send(TYPED[before])).path.endswith(ASKED[before + 1].code)


async def test_the_errors_of_a_step_are_in_its_order_and_the_summary_has_the_focus(
    client: httpx.AsyncClient,
) -> None:
    page = await walk(client, *TYPED[:6], {"phone": "casa", "email": "nessuno", "language": "xx1"})

    assert re.findall(r'<li><a href="#(\w+)">', page.text) == ["email", "phone", "language"]
    [summary] = [one for tag, one in page.outline.tags if one.get("class") == "error-summary"]
    assert "autofocus" in summary
    assert 'value="nessuno"' in page.text
    assert page.text.count("<title>Errore: ") == 1


async def test_a_change_from_the_summary_returns_to_it(client: httpx.AsyncClient) -> None:
    summary = await walk(client, *TYPED)

    for link in re.findall(r'href="(/segnala/[^"]+da=riepilogo)"', summary.text):
        step = await Page.open(client, link)
        name = next(iter(TYPED[[one.code for one in STEPS].index(step.path.rpartition("/")[2])]))
        sent = await step.send({name: step.form(name).values[name]})
        if sent.path.endswith("/punto"):
            sent = await sent.send({"flat": sent.form("flat").values["flat"]})
        assert sent.path == summary.path


async def test_another_group_asks_for_the_category_again(client: httpx.AsyncClient) -> None:
    summary = await walk(client, *TYPED)

    first = await Page.open(client, summary.path.replace("riepilogo", "problema"))
    await first.send({"group": "social"})

    assert (await Page.open(client, summary.path)).path.endswith("/categoria")


async def test_a_later_step_leads_to_the_first_one_without_an_answer(client: httpx.AsyncClient) -> None:
    page = await walk(client, *TYPED[:2])

    for step in ("testo", "recapiti", "riepilogo"):
        assert (await Page.open(client, page.path.replace("luogo", step))).path == page.path


@pytest.mark.parametrize("typed", [{"group": "danger"}])
async def test_a_danger_is_not_registered_and_can_be_dialled(
    typed: Mapping[str, str], client: httpx.AsyncClient, store: MemoryStore
) -> None:
    page = await walk(client, typed)

    assert page.path == "/segnala/pericolo"
    assert {"tel:112", "tel:115"} <= set(page.outline.values("a", "href"))
    assert "non è stata registrata" in page.text
    assert await store.count(REPORTS.name, {}) == 0


async def test_a_place_is_found_by_words_or_chosen_from_the_list(client: httpx.AsyncClient) -> None:
    place = await walk(client, *TYPED[:2])

    found = await place.send({"cerca": "v. luzzati 3"})
    nothing = await place.send({"cerca": "xyzzy"})
    listed = await found.send({"place_list": "lc-rancio-01"})
    again = await Page.open(client, place.path)

    assert re.findall(r'type="radio"[^>]* value="([^"]+)"', found.text) == ["bg-malpensata-a"]
    assert "Non abbiamo trovato" in nothing.text
    assert "<optgroup" in nothing.text
    assert listed.path.endswith("/punto")
    assert again.form("place_id").values["place_id"] == "lc-rancio-01"


async def test_a_text_of_200000_characters_comes_back_with_the_limit(
    client: httpx.AsyncClient, store: MemoryStore
) -> None:
    text = "muffa 大 " * 25_000
    page = await walk(client, *TYPED[:5])

    shown = await page.send({"description": text})

    assert shown.status == 422
    assert "4000 caratteri al massimo" in shown.text
    assert shown.form("description").values["description"].strip() == text.strip()
    assert await store.count(REPORTS.name, {}) == 0
    assert (await shown.send({"description": "muffa"})).path.endswith("/recapiti")


async def test_a_text_that_is_a_little_too_long_is_kept_at_an_address_of_its_own(
    client: httpx.AsyncClient,
) -> None:
    sent = await (await walk(client, *TYPED[:5])).send({"description": "a" * 4001}, raw=True)

    shown = await Page.open(client, sent.response.headers["location"])

    assert sent.status == 303
    assert shown.form("description").values["description"].strip() == "a" * 4001


async def test_a_body_beyond_every_limit_is_a_page_too(client: httpx.AsyncClient) -> None:
    answer = await client.post(
        "/segnala", content=b"x" * 1_100_000, headers={"Accept": "text/html,*/*;q=0.8"}
    )

    assert answer.status_code == 413
    assert "<h1>" in answer.text


async def test_what_was_typed_is_kept_encrypted_for_its_browser_and_for_two_hours(
    client: httpx.AsyncClient, app: FastAPI, service: MemoryService
) -> None:
    page = await walk(client, *TYPED)
    other = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://intake.example")

    stolen = await Page.open(other, page.path)
    rows = await service.store.query(COLLECTION, {})
    service.now += timedelta(hours=2)
    late = await Page.open(client, page.path)

    assert stolen.path == late.path == "/segnala"
    assert "dopo due ore si cancella" in late.text
    assert not [word for word in ("fermo", "tenant@", "ascensore") if word in str(rows)]


async def test_a_form_from_another_browser_is_shown_again_with_what_was_typed(
    client: httpx.AsyncClient, store: MemoryStore
) -> None:
    page = await walk(client, *TYPED[:5])
    client.cookies.clear()

    refused = await page.send({"description": "È fermo <da> ieri"})
    next_page = await refused.send({"description": "È fermo <da> ieri"})

    assert refused.status == 403
    assert "prema di nuovo" in refused.text
    assert "È fermo &lt;da&gt; ieri" in refused.text
    assert (
        next_page.path == "/segnala/" + page.path.split("/")[2] + "/problema" or next_page.path == "/segnala"
    )
    assert await store.count(REPORTS.name, {}) == 0


async def test_what_was_typed_stays_on_the_page_while_the_database_is_unavailable(
    client: httpx.AsyncClient, store: MemoryStore
) -> None:
    summary = await walk(client, *TYPED)
    report_id = summary.path.split("/")[2]
    store.locks[REPORTS.name, report_id] = b"a writer that does not end"

    page = await press_send(summary)
    store.locks.clear()

    assert page.status == 503
    assert "ancora qui" in page.text
    assert receipt_of(await press_send(page))


async def test_the_form_is_unavailable_before_the_registers_are_loaded(
    client: httpx.AsyncClient, store: MemoryStore
) -> None:
    await store.delete("categories", ["categories"])

    page = await client.get(
        f"/segnala/{uuid7(NOON)}/luogo", headers={"Accept": "text/html"}, follow_redirects=True
    )
    sent = await (await Page.open(client, "/segnala")).send({"group": "technical"})

    assert page.status_code == 200, "nothing is kept: the first step needs no register"
    assert (sent.status, sent.response.headers["retry-after"]) == (503, "2")


async def test_a_form_with_all_answers_is_sent_at_once(client: httpx.AsyncClient, store: MemoryStore) -> None:
    page = await Page.open(client, "/segnala")
    hidden = page.form("seal").values

    sent = await client.post("/segnala", data=hidden | GOOD, follow_redirects=True)
    wrong = await client.post("/segnala", data=hidden | GOOD | {"place_id": ""}, follow_redirects=True)
    danger = await client.post(
        "/segnala", data=hidden | GOOD | {"category": "pericolo-immediato"}, follow_redirects=True
    )

    assert all(receipt_of(Page(client, sent)))
    assert wrong.url.path.endswith("/luogo")
    assert danger.url.path == "/segnala/pericolo"
    assert await store.count(REPORTS.name, {}) == 1


async def test_the_receipt_is_shown_for_two_hours(client: httpx.AsyncClient, service: MemoryService) -> None:
    receipt = await press_send(await walk(client, *TYPED))
    code, pin = receipt_of(receipt)
    service.now += timedelta(hours=2, minutes=1)

    late = await Page.open(client, receipt.path)

    assert not [word for word in (code, pin) if word in late.text]
    assert "/stato/pin-perso" in late.text


async def test_the_printed_receipt_has_a_qr_code_without_the_pin(client: httpx.AsyncClient) -> None:
    receipt = await press_send(await walk(client, *TYPED))
    code, pin = receipt_of(receipt)

    assert '<svg aria-hidden="true" focusable="false" viewBox' in receipt.text
    assert f"/stato?codice={code}" in receipt.text
    assert pin not in receipt.text.replace(f'<bdi dir="ltr">{pin}</bdi>', "")


async def test_a_rate_limit_is_shown_as_a_page(context: ServiceContext) -> None:
    hurried = replace(context, rates=Rates(1, 1, lambda: 0.0))
    cases, site = use_cases(hurried, SECRET, is_address), Site("intake", "", read_agency(SEED), SECRET)
    router = public_router(hurried, cases, site, CsrfTokens(SECRET), "https://ascolto.example")
    app = build_app("intake", Metrics("intake"), [router], dict, dict)
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url="http://intake.example", headers={"Accept": "text/html"}
    ) as client:
        await client.get("/segnala")
        page = await client.get("/segnala")

    assert (page.status_code, page.headers["retry-after"]) == (429, "1")
    assert "Troppe richieste" in page.text


async def test_the_csrf_cookie_is_httponly_and_random(client: httpx.AsyncClient) -> None:
    first, again = await client.get("/segnala"), await client.get("/segnala")

    assert re.fullmatch(r"modulo=[0-9a-f]{32}; HttpOnly; Path=/; SameSite=lax", first.headers["set-cookie"])
    assert "set-cookie" not in again.headers


PATHS = [
    "/",
    "/segnala",
    "/segnala/pericolo",
    "/stato",
    "/stato/pin-perso",
    "/punti-di-ascolto",
    "/privacy",
    "/accessibilita",
]


@pytest.mark.parametrize("path", PATHS)
async def test_every_page_has_strict_headers_the_emergency_numbers_and_the_phone(
    client: httpx.AsyncClient, path: str
) -> None:
    page = await Page.open(client, path)

    assert page.status == 200
    assert list(page.outline.values("html", "lang")) == ["it"]
    assert {"tel:112", "tel:115", "tel:035000000"} <= set(page.outline.values("a", "href"))
    assert "<script" not in page.text
    assert not [one for _, one in page.outline.tags if {"style", "onclick"} & set(one)]
    assert "style-src 'self'" in page.response.headers["Content-Security-Policy"]
    assert page.response.headers["Cache-Control"] in ("no-store", "private, no-cache")


async def pages_of_the_form(client: httpx.AsyncClient) -> Sequence[Page]:
    """Every step, fresh and with its errors."""
    pages = [await Page.open(client, "/segnala")]
    for values in TYPED:
        wrong = {name: "x" if name in ("email", "flat") else "" for name in values}
        pages.append(await pages[-1].send(wrong))
        pages.append(await pages[-1].send(values))
    pages.append(await (await Page.open(client, pages[5].path)).send({"cerca": "luzzatti"}))
    return pages


async def test_every_control_has_a_label_and_every_reference_a_target(client: httpx.AsyncClient) -> None:
    pages = [*await pages_of_the_form(client), *[await Page.open(client, path) for path in PATHS]]
    for page in pages:
        check_outline(page.outline)


def check_outline(outline: Outline) -> None:
    """One h1, unique ids, a label for each control, and a target for each reference."""
    ids = [one["id"] for _, one in outline.tags if "id" in one]
    controls = [
        one["id"]
        for tag, one in outline.tags
        if tag in ("input", "select", "textarea") and one.get("type") != "hidden"
    ]
    described = [
        name
        for tag in ("input", "select", "textarea", "fieldset", "button")
        for name in outline.values(tag, "aria-describedby")
    ]
    assert [tag for tag, _ in outline.tags].count("h1") == 1
    assert len(ids) == len(set(ids))
    assert set(controls) <= set(outline.values("label", "for"))
    assert {name for names in described for name in (names or "").split()} <= set(ids)
    assert {link[1:] for link in outline.values("a", "href") if link and link[0] == "#"} <= set(ids)


async def test_everything_on_a_page_is_inside_a_landmark(client: httpx.AsyncClient) -> None:
    for address in PATHS:
        body = (await client.get(address)).text.partition("<body>")[2]
        outside = re.sub(r"<(aside|header|main|footer)\b.*?</\1>", "", body, flags=re.DOTALL)
        assert re.findall(r"<(?!/)(\w+)", outside) == ["a"], "only the skip link"


@pytest.mark.parametrize("code", list(Texts.of("intake").languages))
async def test_every_page_can_be_read_in_every_language(client: httpx.AsyncClient, code: str) -> None:
    await client.get(f"/lingua?lingua={code}&torna=/", follow_redirects=True)

    pages = [*await pages_of_the_form(client), *[await Page.open(client, path) for path in PATHS]]
    receipt = await press_send(pages[-len(PATHS) - 2])

    for page in (*pages, receipt):
        assert page.outline.values("html", "lang") == [code]
        assert page.outline.values("html", "dir") == ["rtl" if code == "ar" else "ltr"]
    assert receipt.path.endswith("/ricevuta")


async def test_the_language_of_the_page_is_the_language_of_the_answers_unless_chosen(
    client: httpx.AsyncClient, service: MemoryService
) -> None:
    client.headers["Accept-Language"] = "ar"
    contact = await walk(client, *TYPED[:6])
    proposed = contact.form("language").values["language"]

    await press_send(await contact.send({"name": "Amina"}))

    assert proposed == "ar"
    assert [one.language for one in await service.documents(REPORTS)] == ["ar"]
    assert '<html lang="ar" dir="rtl">' in contact.text


async def test_the_listening_points_have_their_hours(client: httpx.AsyncClient) -> None:
    for path in ("/", "/punti-di-ascolto", "/stato/pin-perso"):
        page = await Page.open(client, path)
        assert "Via Inventata 1, Bergamo" in page.text
        assert "lunedì e mercoledì: dalle 09:00 alle 12:30" in page.text


async def test_an_unknown_page_is_a_page(client: httpx.AsyncClient) -> None:
    for path in ("/nessuna", f"/segnala/{uuid7(NOON)}/altro", "/segnala/x/luogo"):
        answer = await client.get(path, headers={"Accept": "text/html"})
        assert answer.status_code in (404, 422)
        assert "<h1>" in answer.text
