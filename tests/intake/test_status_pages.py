"""The public pages of a registered report, without JavaScript: status, information, withdrawal."""

import re
from datetime import timedelta
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from tests.intake.browsing import Page
from tests.intake.conftest import NOON, SECRET
from tests.intake.test_pages import TYPED, check_outline, press_send, receipt_of, walk

from chassis.ids import uuid7
from chassis.store.memory import MemoryStore
from chassis.testing import MemoryService
from contracts.intake import ReportAmended, ReportWithdrawn
from contracts.routing import CaseEscalated, CaseHandedOff, CaseOpened, CaseReopened, CaseResolved
from intake.adapters.mail_addresses import is_address
from intake.app.entries import NewEntry
from intake.app.use_cases import use_cases
from intake.domain.entries import MOST, Author, EntryKind
from intake.domain.reports import HANDED_OFF, REASSIGNED, REOPENED, Status
from intake.handlers.documents import REPORTS
from webkit.i18n import Texts

DUE = NOON + timedelta(days=7)


async def reported(client: httpx.AsyncClient) -> tuple[str, str, str]:
    """A new report: its id, code and PIN."""
    receipt = await press_send(await walk(client, *TYPED))
    return (receipt.path.split("/")[2], *receipt_of(receipt))


async def opened(client: httpx.AsyncClient, code: str, pin: str) -> Page:
    """The page of the report."""
    return await (await Page.open(client, "/stato")).send({"code": code, "pin": pin})


def case_opened(report_id: str) -> CaseOpened:
    return CaseOpened(
        report_id=report_id,
        route="technical-office",
        operator=None,
        rule="technical",
        rules_version="1",
        urgency="u",
        neighbourhood="malpensata",
        contact_due_at=DUE,
        due_at=DUE,
    )


def steps_of(page: Page) -> list[str]:
    return re.findall(r'<p class="timeline-title">([^<]+)</p>', page.text)


async def test_code_and_pin_typed_by_hand_show_the_report_at_an_address_without_them(
    client: httpx.AsyncClient,
) -> None:
    _, code, pin = await reported(client)
    client.cookies.clear()

    page = await opened(client, f" {code.lower().replace('-', ' ')}", f"{pin[:3]} {pin[3:]}")
    reloaded = await Page.open(client, page.path)

    assert (page.path, reloaded.status) == ("/stato/segnalazione", 200)
    assert "Ricevuta" in reloaded.text
    assert "venerdì 20 novembre 2026, ore 13:00" in reloaded.text
    assert pin not in reloaded.text


async def test_the_page_costs_one_request_to_the_database_whoever_may_see_it_or_not(
    client: httpx.AsyncClient, service: MemoryService, monkeypatch: pytest.MonkeyPatch
) -> None:
    report_id, code, pin = await reported(client)
    cases = use_cases(service.context, SECRET, is_address)
    for kind, text in ((EntryKind.INFORMATION, "Ora perde acqua"), (EntryKind.ANSWER, "Cambiato il motore")):
        await cases.entries.add(report_id, NewEntry(uuid7(service.now), kind, Author.STAFF, text))
    await service.event(CaseResolved(report_id=report_id, outcome="solved"))
    page = await opened(client, code, pin)
    asked: list[object] = []
    answer = MemoryStore._asked

    async def counted(store: MemoryStore, *wanted: Any) -> Any:
        asked.append(wanted)
        return await answer(store, *wanted)

    monkeypatch.setattr(MemoryStore, "_asked", counted)
    again = await Page.open(client, page.path)
    requests = len(asked)
    client.cookies.set("modulo", "0" * 32)
    other = await client.get(page.path)

    assert "Cambiato il motore" in again.text
    assert (requests, len(asked), other.status_code) == (1, 2, 303)


async def test_the_timeline_says_what_happened_who_has_it_and_by_when(
    client: httpx.AsyncClient, service: MemoryService
) -> None:
    report_id, code, pin = await reported(client)
    cases = use_cases(service.context, SECRET, is_address)
    for event in (
        case_opened(report_id),
        CaseEscalated(report_id=report_id, missed="contact", due_at=DUE),
        CaseHandedOff(report_id=report_id, route="admin-office", reason="competence"),
    ):
        service.now += timedelta(hours=1)
        await service.event(event)
    late = await opened(client, code, pin)
    answer = NewEntry(uuid7(service.now), EntryKind.ANSWER, Author.STAFF, "Abbiamo cambiato il motore")
    await cases.entries.add(report_id, answer)
    before = await Page.open(client, late.path)
    await service.event(CaseResolved(report_id=report_id, outcome="solved"))

    closed = await Page.open(client, late.path)

    assert steps_of(late) == [
        "Ricevuta",
        "Presa in carico",
        "In ritardo",
        "Passata a un altro ufficio",
        "Il prossimo passo",
    ]
    assert "Ufficio tecnico" in late.text
    assert late.text.count("venerdì 27 novembre 2026") == 1, "the coming due date, once"
    assert "motore" not in before.text
    assert steps_of(closed)[-1] == "Chiusa"
    assert "Abbiamo cambiato il motore" in closed.text
    assert "Faccia una nuova segnalazione" in closed.text
    assert "/stato/ritiro" not in closed.text


async def test_a_report_that_is_opened_again_says_so(
    client: httpx.AsyncClient, service: MemoryService
) -> None:
    report_id, code, pin = await reported(client)
    for event in (
        CaseResolved(report_id=report_id, outcome="solved"),
        CaseReopened(report_id=report_id, route="operator", operator="op-1", due_at=DUE),
    ):
        service.now += timedelta(hours=1)
        await service.event(event)

    page = await opened(client, code, pin)

    assert steps_of(page) == ["Ricevuta", "Chiusa", "Riaperta", "Il prossimo passo"]
    assert "op-1" not in page.text


async def test_a_wrong_pin_comes_back_at_an_address_of_its_own_with_the_code(
    client: httpx.AsyncClient,
) -> None:
    ask = await Page.open(client, "/stato?codice=AAAAA-AAAAA")
    sent = await ask.send({"pin": "1"}, raw=True)

    shown = await Page.open(client, sent.response.headers["location"])

    assert (sent.status, shown.status) == (303, 404)
    assert 'href="#code"' in shown.text
    assert shown.form("code").values["code"] == "AAAAA-AAAAA"
    assert (await Page.open(client, "/stato")).status == 200


@pytest.mark.parametrize(
    ("form", "missing"),
    [({}, ["code", "pin"]), ({"code": "ABCDE-FGHJK"}, ["pin"]), ({"pin": "123456", "code": " "}, ["code"])],
)
async def test_an_empty_code_or_pin_is_asked_for(
    form: dict[str, str], missing: list[str], client: httpx.AsyncClient
) -> None:
    page = Page(client, await client.post("/stato", data=form, follow_redirects=True))

    assert page.status == 422
    assert re.findall(r'<li><a href="#(\w+)">', page.text) == missing
    assert "Non c&#39;è una segnalazione" not in page.text


async def test_after_too_many_wrong_pins_the_page_names_the_wait_and_the_phone(
    client: httpx.AsyncClient,
) -> None:
    for _ in range(6):
        page = await opened(client, "AAAAA-AAAAA", "000000")

    assert (page.status, page.response.headers["retry-after"]) == (429, "180")
    assert "Riprovi fra 3 minuti" in page.text
    assert "035 000000" in page.text
    assert "Aspetti e riprovi" in page.text


async def test_the_right_pin_after_ten_wrong_ones_is_accepted_after_minutes(
    client: httpx.AsyncClient, service: MemoryService
) -> None:
    _, code, pin = await reported(client)
    client.cookies.clear()
    for _ in range(10):
        await opened(client, code, "000000" if pin != "000000" else "111111")
    refused = await opened(client, code, pin)
    service.now += timedelta(minutes=3)

    accepted = await opened(client, code, pin)

    assert (refused.status, accepted.status) == (429, 200)


async def test_the_page_of_a_report_is_for_its_browser_for_an_hour_and_until_it_leaves(
    client: httpx.AsyncClient, app: FastAPI, service: MemoryService
) -> None:
    _, code, pin = await reported(client)
    page = await opened(client, code, pin)
    other = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://intake.example")
    other.cookies.set("stato", client.cookies["stato"], path="/stato")

    stolen = await Page.open(other, page.path)
    left = await page.send({"seal": page.form("seal").values["seal"]})
    after = await Page.open(client, page.path)
    again = await opened(client, code, pin)
    service.now += timedelta(hours=1, seconds=1)
    late = await Page.open(client, again.path)

    assert (left.path, again.path) == ("/", "/stato/segnalazione")
    for refused in (stolen, after, late):
        assert refused.path == "/stato"
        assert "scriva di nuovo codice e PIN" in refused.text
    for path in ("/stato/informazioni", "/stato/ritiro"):
        assert (await Page.open(client, path)).path == "/stato"


async def test_information_is_added_once_and_told(client: httpx.AsyncClient, service: MemoryService) -> None:
    report_id, code, pin = await reported(client)
    await opened(client, code, pin)
    form = await Page.open(client, "/stato/informazioni")

    first = await form.send({"information": "Ora perde acqua"})
    again = await form.send({"information": "Ora perde acqua"})

    assert "Abbiamo aggiunto le informazioni" in first.text
    assert "già fatto prima" in again.text
    assert steps_of(again).count("Ha aggiunto informazioni") == 1
    assert [event for event in await service.published() if isinstance(event, ReportAmended)] == [
        ReportAmended(report_id=report_id, what=("information",))
    ]


@pytest.mark.parametrize(
    ("text", "status", "said"),
    [
        (" ", 303, "Scriva che cosa c&#39;è di nuovo"),
        ("a" * 4001, 303, "4000 caratteri"),
        ("è" * 200_000, 422, "4000 caratteri"),
    ],
)
async def test_information_with_a_fault_comes_back_with_its_text(
    text: str, status: int, said: str, client: httpx.AsyncClient
) -> None:
    _, code, pin = await reported(client)
    await opened(client, code, pin)

    sent = await (await Page.open(client, "/stato/informazioni")).send({"information": text}, raw=True)
    shown = await Page.open(client, sent.response.headers["location"]) if status == 303 else sent

    assert (sent.status, shown.status) == (status, 422)
    assert said in shown.text
    assert shown.form("information").values["information"].strip() == text.strip()
    assert (await shown.send({"information": "Ora perde acqua"})).path == "/stato/segnalazione"


async def test_a_closed_report_says_what_to_do_instead_of_adding(
    client: httpx.AsyncClient, service: MemoryService
) -> None:
    report_id, code, pin = await reported(client)
    await opened(client, code, pin)
    form = await Page.open(client, "/stato/informazioni")
    await service.event(CaseResolved(report_id=report_id, outcome="solved"))

    late = await form.send({"information": "Ora perde acqua"})
    fresh = await Page.open(client, "/stato/informazioni")

    assert "ne faccia una nuova" in late.text
    assert "Ora perde acqua" in late.text
    assert "<textarea" not in fresh.text
    assert "/segnala" in fresh.outline.values("a", "href")


async def test_the_last_information_leads_to_the_phone(client: httpx.AsyncClient) -> None:
    _, code, pin = await reported(client)
    await opened(client, code, pin)
    for number in range(MOST[EntryKind.INFORMATION] + 1):
        page = await (await Page.open(client, "/stato/informazioni")).send(
            {"information": f"numero {number}"}
        )

    assert page.status == 422
    assert "venti volte" in page.text


async def test_a_report_is_withdrawn_after_a_reason_and_a_confirmation(
    client: httpx.AsyncClient, service: MemoryService
) -> None:
    _, code, pin = await reported(client)
    await opened(client, code, pin)
    ask = await Page.open(client, "/stato/ritiro")

    without = await ask.send({"motivo": ""})
    confirm = await ask.send({"motivo": "mistake"})
    still_open = [event for event in await service.published() if isinstance(event, ReportWithdrawn)]
    withdrawn = await confirm.send({"reason": "mistake"})
    again = await confirm.send({"reason": "mistake"})

    assert (without.status, still_open) == (422, [])
    assert "Vuole davvero ritirarla?" in confirm.text
    assert "La segnalazione è ritirata" in withdrawn.text
    assert steps_of(again)[-1] == "Ritirata"
    assert [event.reason for event in await service.published() if isinstance(event, ReportWithdrawn)] == [
        "mistake"
    ]


@pytest.mark.parametrize(
    ("path", "data"),
    [
        ("/stato/informazioni", {"command_id": uuid7(NOON), "information": "x"}),
        ("/stato/ritiro", {"reason": "mistake"}),
    ],
)
async def test_a_form_without_a_csrf_token_changes_nothing(
    path: str, data: dict[str, str], client: httpx.AsyncClient, store: MemoryStore
) -> None:
    _, code, pin = await reported(client)
    await opened(client, code, pin)
    before = await store.query(REPORTS.name, {})

    answer = await client.post(path, data=data)

    assert answer.status_code == 403
    assert await store.query(REPORTS.name, {}) == before


@pytest.mark.parametrize("code", list(Texts.of("intake").languages))
async def test_the_status_can_be_read_in_every_language(
    code: str, client: httpx.AsyncClient, service: MemoryService
) -> None:
    report_id, tracking_code, pin = await reported(client)
    await service.event(case_opened(report_id))
    client.cookies.set("lingua", code, domain="intake.example", path="/")
    await opened(client, tracking_code, pin)

    for path in (
        "/stato",
        "/stato/segnalazione",
        "/stato/informazioni",
        "/stato/ritiro",
        "/stato/ritiro?motivo=other",
        "/stato/ritiro?motivo=",
    ):
        page = await Page.open(client, path)
        assert page.outline.values("html", "lang") == [code]
        check_outline(page.outline)


@pytest.mark.parametrize("kind", ["status", "status-text"])
def test_every_status_has_its_words(kind: str) -> None:
    language = Texts.of("intake").language("it")

    assert not [one for one in Status if language.label(kind, one) == one]


def test_every_step_has_its_words() -> None:
    language = Texts.of("intake").language("it")

    steps = [*Status, HANDED_OFF, REASSIGNED, REOPENED, EntryKind.INFORMATION]
    assert len({language.label("step", one) for one in steps}) == len(steps)
