"""The pages of a case, of the board and of absences: forms posted, what is stored, and what people read."""

import html
import re
from datetime import timedelta
from typing import Any

import httpx
import pytest
from tests.routing.test_pages import CASE, MONDAY, REPORT, TO_UNDO, Web, browser, hidden, log_in, web

from contracts.intake import ReportRegistered
from routing.domain.cases import Case, Outcome, Status
from routing.domain.registers import CURRENT
from routing.handlers.documents import ABSENCES, CASES

__all__ = ["browser", "web"]  # fixtures
PAGE = f"/lavoro/{REPORT}"


@pytest.fixture
async def ada(browser: httpx.AsyncClient) -> httpx.AsyncClient:
    """The browser of the operator who has the case."""
    await log_in(browser)
    return browser


@pytest.fixture
async def coordinator(browser: httpx.AsyncClient) -> httpx.AsyncClient:
    await log_in(browser, "coordinator")
    return browser


async def case_of(service: Any, report_id: str = REPORT) -> Case:
    case: Case | None = await service.document(CASES, report_id)
    assert case is not None
    return case


def read(page: httpx.Response) -> str:
    """The words of a page."""
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", page.text)).split())


async def arrived(service: Any, number: int, **changes: Any) -> str:
    usual: dict[str, Any] = {
        "report_id": f"0190a000-0000-7000-8000-{number:012d}",
        "category": "ascensore",
        "kind": "technical",
        "urgency": "u",
        "place_id": "bg-malpensata-01",
        "neighbourhood": "malpensata",
        "province": "bergamo",
        "channel": "web",
        "language": "it",
        "heard_at": MONDAY,
    }
    report = ReportRegistered(**usual | changes)
    await service.event(report, now=changes.get("heard_at", MONDAY))
    return report.report_id


async def close(browser: httpx.AsyncClient, outcome: str = "solved") -> httpx.Response:
    step = await browser.get(f"{PAGE}/chiudi", params={"esito": outcome})
    return await browser.post(f"{PAGE}/chiudi", data=hidden(step))


async def test_a_case_page_tells_where_why_and_what_happened_without_codes(ada: httpx.AsyncClient) -> None:
    page = await ada.get(PAGE)
    words = read(page)

    assert f"<h1>{CASE}</h1>" in page.text
    assert "Perché io" in words
    assert "Operatrice Uno (esempio) (lei): perché sì, segue questo quartiere." in words
    assert "Operatore Due (esempio) : perché no, sostituisce chi segue questo quartiere; non serve" in words
    assert "Aperto 23 novembre 2026, ore 10:00, il sistema Operatrice Uno (esempio)" in words
    assert f'hx-get="/segnalazioni/{REPORT}/scheda"' in page.text
    assert f'href="/segnalazioni/nuova?da={REPORT}"' in page.text
    for code in ("operatore-1", "danger-or-e1", "has-operator", "owns-neighbourhood", "bg-monterosso"):
        assert code not in words


async def test_a_closing_is_chosen_then_confirmed_by_the_name_of_the_case(
    ada: httpx.AsyncClient, service: Any, web: Web
) -> None:
    first = await ada.get(f"{PAGE}/chiudi")
    second = await ada.get(f"{PAGE}/chiudi", params={"esito": "unfounded"})
    done = await ada.post(f"{PAGE}/chiudi", data=hidden(second))

    assert " checked" not in first.text
    assert "Solitudine e isolamento" in second.text
    assert "Non confermato" in second.text
    assert f"/segnalazioni/{REPORT}/risposta?torna=%2Flavoro%2F{REPORT}%2Fchiudi" in second.text
    assert "viene avvisato fra 20 minuti" in read(second)
    assert str(done.url).endswith(PAGE)
    assert f"Fatto: il caso «{CASE}» sta per chiudersi." in read(done)
    case = await case_of(service)
    assert case.status is Status.OPEN
    assert case.closing is not None
    assert (case.closing.outcome, case.closing.by.name) == (Outcome.UNFOUNDED, "Ada Esempio")
    assert "Fatto" not in read(await ada.get(PAGE))


async def test_back_and_send_again_shows_the_first_result(ada: httpx.AsyncClient, service: Any) -> None:
    form = hidden(await ada.get(f"{PAGE}/chiudi", params={"esito": "solved"}))
    await ada.post(f"{PAGE}/chiudi", data=form)
    again = await ada.post(f"{PAGE}/chiudi", data=form)

    assert again.status_code == 200
    assert "L'aveva già fatto prima: non è cambiato niente." in read(again)
    assert [entry.what for entry in (await case_of(service)).history] == ["opened", "closing"]


async def test_a_closing_is_undone_with_the_time_that_is_left(
    ada: httpx.AsyncClient, service: Any, web: Web
) -> None:
    await close(ada)
    web.now += timedelta(minutes=4)

    page = await ada.get(PAGE)
    undone = await ada.post(f"{PAGE}/annulla", data=hidden(page))

    assert "Il caso si chiude alle 10:20" in read(page)
    assert "Può annullare ancora per 16 minuti." in read(page)
    assert f"la chiusura del caso «{CASE}» è annullata" in read(undone)
    assert (await case_of(service)).closing is None


async def test_an_undo_that_comes_too_late_says_so(ada: httpx.AsyncClient, service: Any, web: Web) -> None:
    await close(ada)
    form = hidden(await ada.get(PAGE))
    service.now = web.now = web.now + TO_UNDO
    await service.fire_timers()

    late = await ada.post(f"{PAGE}/annulla", data=form)

    assert late.status_code == 409
    assert "Il caso è già chiuso" in read(late)
    assert (await case_of(service)).status is Status.RESOLVED


@pytest.mark.parametrize("outcome", ["", "withdrawn", "x"])
async def test_a_closing_without_an_outcome_says_what_to_do(
    ada: httpx.AsyncClient, service: Any, outcome: str
) -> None:
    asked = await ada.get(f"{PAGE}/chiudi", params={"esito": outcome})
    form = hidden(await ada.get(f"{PAGE}/chiudi", params={"esito": "solved"}))
    sent = await ada.post(f"{PAGE}/chiudi", data=form | {"esito": outcome})

    assert [asked.status_code, sent.status_code] == [422, 422]
    assert 'href="#esito"' in sent.text
    assert "Scelga com'è andata a finire." in read(sent)
    assert (await case_of(service)).closing is None


async def test_a_page_of_another_case_closes_no_case_by_position(
    ada: httpx.AsyncClient, service: Any
) -> None:
    """The command id of a form that was used for one case is refused for another."""
    other = await arrived(service, 7, category="vicinato", kind="social", urgency="s")
    form = hidden(await ada.get(f"{PAGE}/chiudi", params={"esito": "solved"}))
    await ada.post(f"{PAGE}/chiudi", data=form)

    refused = await ada.post(f"/lavoro/{other}/chiudi", data=form)

    assert refused.status_code == 422
    assert (await case_of(service, other)).closing is None


async def test_a_resolved_case_is_reopened_after_a_confirmation(
    ada: httpx.AsyncClient, service: Any, web: Web
) -> None:
    await close(ada)
    service.now = web.now = web.now + timedelta(minutes=30)
    await service.fire_timers()

    step = await ada.get(f"{PAGE}/riapri")
    done = await ada.post(f"{PAGE}/riapri", data=hidden(step))

    assert "Riaprire questo caso?" in read(step)
    assert "Era finito così Risolto" in read(step)
    assert f"il caso «{CASE}» è riaperto" in read(done)
    assert (await case_of(service)).status is Status.OPEN


async def test_an_open_case_is_not_reopened(ada: httpx.AsyncClient) -> None:
    page = await ada.post(f"{PAGE}/riapri", data=hidden(await ada.get(f"{PAGE}/riapri")))

    assert page.status_code == 409
    assert "Il caso è già aperto." in read(page)


async def test_a_case_is_given_to_a_colleague_with_a_reason(ada: httpx.AsyncClient, service: Any) -> None:
    step = await ada.get(f"{PAGE}/affida")
    form = hidden(step) | {"a": "operatore-2", "motivo": "conflict-of-interest"}
    done = await ada.post(f"{PAGE}/affida", data=form)

    assert 'value="operatore-1"' not in step.text
    assert f"il caso «{CASE}» è affidato a un'altra persona" in read(done)
    assert "Operatore Due (esempio) · conflitto d'interessi" in read(done)
    assert (await case_of(service)).operator == "operatore-2"


async def test_a_case_is_passed_to_an_office_with_a_reason(ada: httpx.AsyncClient, service: Any) -> None:
    form = hidden(await ada.get(f"{PAGE}/passa")) | {"a": "technical-office", "motivo": "competence"}
    done = await ada.post(f"{PAGE}/passa", data=form)

    assert "Ufficio tecnico · competenza" in read(done)
    assert (await case_of(service)).route == "technical-office"


@pytest.mark.parametrize("way", ["affida", "passa"])
async def test_a_move_without_choice_shows_both_errors_in_the_order_of_the_form(
    ada: httpx.AsyncClient, service: Any, way: str
) -> None:
    page = await ada.post(f"{PAGE}/{way}", data=hidden(await ada.get(f"{PAGE}/{way}")))

    assert page.status_code == 422
    summary = page.text[page.text.index("error-summary") :]
    assert re.findall(r'href="#(\w+)"', summary)[:2] == ["a", "motivo"]
    assert "Scelga un motivo." in read(page)
    assert (await case_of(service)).history[-1].what == "opened"


async def test_the_choice_stays_when_the_reason_is_missing(ada: httpx.AsyncClient) -> None:
    form = hidden(await ada.get(f"{PAGE}/passa")) | {"a": "technical-office"}
    page = await ada.post(f"{PAGE}/passa", data=form)

    assert 'value="technical-office" checked' in page.text


async def test_my_cases_are_mine_by_due_date(ada: httpx.AsyncClient, service: Any) -> None:
    await arrived(service, 7)
    await arrived(service, 8, category="vicinato", kind="social", urgency="s", neighbourhood="celadina")
    await arrived(service, 9, category="bollette", kind="administrative", urgency="a")

    page = await ada.get("/lavoro")

    assert re.findall(r'<a href="/lavoro/([\w-]{36})">', page.text) == [
        REPORT,
        "0190a000-0000-7000-8000-000000000009",
    ]
    assert "Ha 2 casi aperti." in read(page)


async def test_somebody_who_is_no_operator_is_told_so(web: Web, browser: httpx.AsyncClient) -> None:
    page = await browser.get("/lavoro")
    form = hidden(page) | {"person": "dino-prova", "role": "operator"}
    mine = await browser.post("http://issuer.example/authorize", data=form)

    assert "non è ancora collegato a un operatore" in read(mine)
    assert (await browser.get("/lavoro/quadro")).status_code == 200


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({}, [7, 8, 1]),
        ({"quartiere": "malpensata"}, [7]),
        ({"operatore": "operatore-1"}, [1]),
        ({"operatore": "nobody"}, [7, 8]),
        ({"ufficio": "technical-office"}, [7]),
        ({"vista": "sospesi"}, [8]),
        ({"cerca": "ASCENSORE luzzatti"}, [7]),
        ({"cerca": "bloccato"}, [7]),  # an example of the category
        ({"cerca": "ascensore monterosso"}, []),
        ({"ordine": "-entro"}, [1, 8, 7]),
        ({"ordine": "categoria"}, [7, 8, 1]),
        ({"vista": "x", "ordine": "y", "pagina": "z", "quartiere": ""}, [7, 8, 1]),
    ],
)
async def test_the_board_is_filtered_by_its_address(
    coordinator: httpx.AsyncClient, service: Any, query: dict[str, str], found: list[int]
) -> None:
    await arrived(service, 7)
    later = {"neighbourhood": "foresto-sparso", "place_id": "bg-foresto", "heard_at": MONDAY}
    await arrived(service, 8, category="isolamento-x", kind="social", urgency="s", **later)

    page = await coordinator.get("/lavoro/quadro", params=query)

    listed = re.findall(r'<th scope="row"><a href="/lavoro/([\w-]{36})">', page.text)
    assert sorted(int(one[-12:]) for one in listed) == sorted(found)
    if "ordine" in query or not query:
        assert [int(one[-12:]) for one in listed] == found
    assert "Isolamento x" in page.text or 8 not in found


async def test_the_board_has_pages_and_counts(coordinator: httpx.AsyncClient, service: Any) -> None:
    for number in range(100, 160):
        await arrived(service, number)

    first = await coordinator.get("/lavoro/quadro")
    last = await coordinator.get("/lavoro/quadro", params={"pagina": "3"})
    beyond = await coordinator.get("/lavoro/quadro", params={"pagina": "99"})

    rows = [
        len(re.findall(r'<th scope="row"><a href="/lavoro/[\w-]{36}">', page.text)) for page in (first, last)
    ]
    assert rows == [25, 11]
    assert "61 casi." in read(first)
    assert "Pagina 3 di 3" in read(beyond)
    assert "I casi aperti in numeri" in read(first)
    assert "Malpensata 60" in read(first)


async def test_the_board_knows_what_is_late_due_today_closing_and_closed(
    coordinator: httpx.AsyncClient, service: Any, web: Web
) -> None:
    async def listing(view: str) -> bool:
        page = await coordinator.get("/lavoro/quadro", params={"vista": view})
        return f'<th scope="row"><a href="{PAGE}">' in page.text

    web.now = (await case_of(service)).due_at - timedelta(minutes=1)
    await log_in(coordinator, "coordinator")
    assert [await listing(view) for view in ("oggi", "ritardo", "aperti")] == [True, False, True]
    web.now += timedelta(minutes=1)
    assert [await listing(view) for view in ("oggi", "ritardo", "aperti")] == [False, True, True]
    service.now = web.now
    await close(coordinator)
    assert [await listing(view) for view in ("chiusura", "ritardo", "chiusi")] == [True, False, False]
    service.now = web.now = web.now + TO_UNDO
    await service.fire_timers()
    assert [await listing(view) for view in ("chiusura", "aperti", "chiusi")] == [False, False, True]
    assert "I casi aperti in numeri" not in (await coordinator.get("/lavoro/quadro")).text


async def test_an_absence_is_previewed_confirmed_and_ended(
    coordinator: httpx.AsyncClient, service: Any
) -> None:
    days = {"operatore": "operatore-1", "dal": "23/11/2026", "al": "31/12/2026"}
    preview = await coordinator.get("/lavoro/assenze/anteprima", params=days)
    assert (await service.document(ABSENCES, CURRENT)) is None
    done = await coordinator.post("/lavoro/assenze", data=hidden(preview))

    assert "Operatrice Uno (esempio) è assente dal 23 novembre 2026 al 31 dicembre 2026, compresi." in read(
        preview
    )
    assert "Un caso passa ad altri." in read(preview)
    assert "Operatore Due (esempio)" in read(preview)
    assert "Fatto: l'assenza di Operatrice Uno (esempio) è inserita." in read(done)
    assert "Assente oggi" in read(done)
    case = await case_of(service)
    assert (case.operator, case.history[-1].code) == ("operatore-2", "absence")

    [place] = re.findall(r'href="(/lavoro/assenze/[\w-]{36}/fine)"', done.text)
    ended = await coordinator.post(place, data=hidden(await coordinator.get(place)))
    assert "Fatto: l'assenza di Operatrice Uno (esempio) finisce prima." in read(ended)
    assert "Assente oggi" not in read(ended)


async def test_a_short_absence_leaves_cases_that_are_due_later(coordinator: httpx.AsyncClient) -> None:
    days = {"operatore": "operatore-1", "dal": "23.11.2026", "al": "24-11-2026"}
    preview = await coordinator.get("/lavoro/assenze/anteprima", params=days)

    assert "Un caso resta a chi lo segue" in read(preview)


async def test_cases_beyond_the_first_chunk_are_covered_by_a_button(
    coordinator: httpx.AsyncClient, service: Any
) -> None:
    for number in range(100, 155):
        await arrived(service, number, category="vicinato", kind="social", urgency="s")
    days = {"operatore": "operatore-1", "dal": "23/11/2026", "al": "31/12/2026"}
    form = hidden(await coordinator.get("/lavoro/assenze/anteprima", params=days))
    first = await coordinator.post("/lavoro/assenze", data=form)

    [place] = re.findall(r'action="(/lavoro/assenze/[\w-]{36}/affida)"', first.text)
    second = await coordinator.post(place, data=hidden(first))

    assert "/affida" not in second.text
    mine = await service.documents(CASES, {"state.operator": "operatore-1", "state.status": "open"})
    assert mine == []


@pytest.mark.parametrize(
    ("days", "fields"),
    [
        ({}, ["operatore", "dal", "al"]),
        ({"operatore": "operatore-1", "dal": "31/02/2027", "al": "1/3/2027"}, ["dal"]),
        ({"operatore": "operatore-1", "dal": "24/11/2026", "al": "23/11/2026"}, ["al"]),
        ({"operatore": "operatore-1", "dal": "1/11/2026", "al": "22/11/2026"}, ["al"]),
    ],
)
async def test_days_that_make_no_sense_are_explained_beside_their_fields(
    coordinator: httpx.AsyncClient, days: dict[str, str], fields: list[str]
) -> None:
    page = await coordinator.get("/lavoro/assenze/anteprima", params=days)

    assert page.status_code == 422
    assert re.findall(r'<li><a href="#(\w+)">', page.text) == fields
    assert f'value="{days.get("dal", "")}"' in page.text


@pytest.mark.parametrize("path", ["/lavoro/assenze", "/lavoro/assenze/anteprima"])
async def test_only_coordinators_see_absences(ada: httpx.AsyncClient, path: str) -> None:
    assert (await ada.get(path)).status_code == 403


@pytest.mark.parametrize(
    "path", ["/lavoro/niente", f"/lavoro/{REPORT[:-1]}f", "/niente", "/lavoro/assenze-x", "/"]
)
async def test_an_unknown_page_is_a_page(ada: httpx.AsyncClient, path: str) -> None:
    page = await ada.get(path, headers={"Accept": "text/html"})

    assert page.status_code == 404
    assert page.headers["content-type"].startswith("text/html")
    assert "<h1>" in page.text


async def test_every_page_has_one_heading_labels_and_no_inline_code(
    coordinator: httpx.AsyncClient, service: Any
) -> None:
    await arrived(service, 7)
    days = "operatore=operatore-1&dal=23/11/2026&al=31/12/2026"
    for path in (
        "/lavoro/quadro",
        PAGE,
        f"{PAGE}/chiudi",
        f"{PAGE}/chiudi?esito=solved",
        f"{PAGE}/riapri",
        f"{PAGE}/affida",
        f"{PAGE}/passa",
        "/lavoro/assenze",
        f"/lavoro/assenze/anteprima?{days}",
        "/lavoro/impostazioni",
    ):
        text = (await coordinator.get(path)).text
        assert text.count("<h1>") == 1, path
        assert not re.search(r"\sstyle=|\son\w+=|<script(?! src=)", text), path
        ids = re.findall(r'\sid="([^"]+)"', text)
        assert len(ids) == len(set(ids)), path
        controls = re.findall(r'<(?:select|textarea|input(?![^>]*type="hidden"))[^>]*\sid="([^"]+)"', text)
        assert set(controls) <= set(re.findall(r'<label[^>]* for="([^"]+)"', text)), path


async def test_my_cases_have_pages(ada: httpx.AsyncClient, service: Any) -> None:
    for number in range(100, 130):
        await arrived(service, number, category="vicinato", kind="social", urgency="s")

    first, second = [await ada.get("/lavoro", params={"pagina": page}) for page in ("1", "2")]

    assert "Ha 31 casi aperti." in read(first)
    assert "Pagina 1 di 2" in read(first)
    assert len(re.findall(r'<th scope="row"><a href="/lavoro/[\w-]{36}">', second.text)) == 6
