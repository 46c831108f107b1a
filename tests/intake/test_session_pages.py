"""The pages of a listening session, from the tap that starts it to the printed receipt."""

import re

import httpx
import pytest
from tests.intake.conftest import SECRET
from tests.intake.desk import Browser, log_in

from chassis.testing import MemoryService
from contracts.intake import SessionHeld
from intake.app.readings import Reader
from intake.handlers.documents import REPORTS, SESSIONS

ADA = Reader("ada-esempio", frozenset({"operator"}), "Ada Esempio")
WHO = {"name": "Bruno Esempi", "phone": "035 000000", "language": "ar", "place_id": "bg-monterosso-01"}


@pytest.fixture
async def operator(service: MemoryService) -> Browser:
    """The browser of an operator."""
    return await log_in(service, SECRET, ADA)


async def started(operator: Browser) -> str:
    begun = await operator.send(await operator.open("/colloqui"), {})
    return begun.headers["location"]


async def send(operator: Browser, path: str, typed: dict[str, str]) -> httpx.Response:
    return await operator.send(await operator.open(path), typed)


async def take(operator: Browser, talk: str, category: str, words: str) -> httpx.Response:
    """Take down a problem; the questions of its category come on a second page."""
    typed = {"category": category, "description": words}
    page = await send(operator, f"{talk}/problema", typed)
    return await operator.send(page, typed | {"q-non-risponde": "no"}) if page.status_code == 200 else page


async def test_a_talk_with_two_problems_ends_with_one_receipt_in_the_language_of_the_household(
    operator: Browser, service: MemoryService, client: httpx.AsyncClient
) -> None:
    talk = await started(operator)
    who = await send(operator, f"{talk}/famiglia", WHO)
    for category, words in (("pulizia", "Scale sporche"), ("isolamento", "È sola")):
        taken = await take(operator, talk, category, words)
        assert (taken.status_code, taken.headers["location"]) == (303, talk)
    met = {"che": "home-visit", "giorno": "27/11/2026", "ora": "9:30", "parole": "Porti le bollette."}
    agreed = await send(operator, f"{talk}/appuntamento", met)
    ended = await send(operator, f"{talk}/fine", {})
    receipt = await operator.open(f"{talk}/foglio")

    paper, copy = [await operator.open(f"{talk}/foglio.pdf") for _ in range(2)]

    held = [one for one in await service.published() if isinstance(one, SessionHeld)]
    assert (paper.status_code, paper.headers["content-type"]) == (200, "application/pdf")
    assert paper.content == copy.content
    assert paper.content.startswith(b"%PDF")
    assert b"/MarkInfo" in paper.content
    assert {one.status_code for one in (who, agreed, ended)} == {303}
    assert [len(one.report_ids) for one in held] == [2]
    assert 'lang="ar" dir="rtl"' in receipt.text
    assert receipt.text.count('class="qr"') == 2
    for words in ("Bruno Esempi", "Porti le bollette.", "زيارة إلى منزلك", "Monterosso (esempio)"):
        assert words in receipt.text
    codes = re.findall(r"[0-9A-Z]{5}-[0-9A-Z]{5}", re.sub(r"<svg.*?</svg>", "", receipt.text))
    pins = re.findall(r"<bdi[^>]*>([0-9]{6})</bdi>", receipt.text)
    for code, pin in zip(codes, pins, strict=True):
        assert (await client.get(f"/v1/status/{code}", headers={"Ascolto-Pin": pin})).status_code == 200


async def test_a_double_tap_and_back_and_send_again_change_nothing(
    operator: Browser, service: MemoryService
) -> None:
    page = await operator.open("/colloqui")
    first, second = [(await operator.send(page, {})).headers["location"] for _ in range(2)]
    await send(operator, f"{first}/famiglia", WHO)
    form = await operator.open(f"{first}/problema")
    for _ in range(2):
        await operator.send(form, {"category": "pulizia", "description": "Scale sporche"})
    other = await operator.send(form, {"category": "pulizia", "description": "Anche il cortile"})

    assert first == second
    assert len(await service.documents(SESSIONS)) == 1
    assert len(await service.documents(REPORTS)) == 1
    assert other.status_code == 422
    assert "Da questa pagina ha già inviato un altro testo" in other.text
    assert "Anche il cortile" in other.text


async def test_a_household_is_found_and_fills_the_next_talk(
    operator: Browser, service: MemoryService
) -> None:
    before = await started(operator)
    await send(operator, f"{before}/famiglia", WHO | {"frailty": "yes"})
    await send(operator, f"{before}/problema", {"category": "pulizia", "description": "Scale sporche"})
    talk = await started(operator)
    page = await operator.open(talk)
    found = await operator.send(page, {"testo": "esempi BRUNO"}, form=0)
    await operator.send(found, {})

    household = await operator.open(f"{talk}/famiglia")
    listed = await operator.open("/colloqui")
    parts = [row["details"]["part"] for row in await service.context.audited({"action": "read-report"})]
    assert "Bruno Esempi, " in found.text
    for words in ('value="Bruno Esempi"', 'value="bg-monterosso-01" checked', 'value="yes" checked'):
        assert words in household.text
    assert sorted(parts) == ["contact", "lookup"]
    assert listed.text.count("Iniziato") == 2


async def test_what_is_wrong_is_told_beside_its_field_and_what_was_typed_is_kept(operator: Browser) -> None:
    talk = await started(operator)
    household = await send(operator, f"{talk}/famiglia", {"name": "Bruno", "phone": "chiamami"})
    searched = await send(operator, f"{talk}/famiglia", {"luogo": "luzzatti", "azione": "cerca"})
    problem = await send(operator, f"{talk}/problema", {"description": "Piove"})
    danger = {"category": "pericolo-immediato", "description": "Gas", "place_id": "bg-monterosso-01"}
    refused = await send(operator, f"{talk}/problema", danger)
    met = await send(operator, f"{talk}/appuntamento", {"che": "phone-call", "giorno": "01/11/2026"})

    assert (household.status_code, problem.status_code, met.status_code) == (422, 422, 422)
    assert 'value="chiamami"' in household.text
    assert "Luzzatti" in searched.text
    assert re.findall(r'<li><a href="#(\w+)">', problem.text) == ["category", "place_id"]
    assert 'href="tel:112"' in refused.text
    assert 'value="01/11/2026"' in met.text


async def test_a_talk_without_results_leaves_nothing_and_a_forgotten_page_says_that_it_is_over(
    operator: Browser, service: MemoryService
) -> None:
    talk = await started(operator)
    problem = await operator.open(f"{talk}/problema")
    dropped = await send(operator, f"{talk}/fine", {})
    late = await operator.send(
        problem, {"category": "pulizia", "description": "Scale", "place_id": "bg-monterosso-01"}
    )

    assert dropped.headers["location"] == "/colloqui"
    assert late.status_code == 409
    assert "Il colloquio è già finito" in late.text
    assert await service.published() == []


async def test_only_who_holds_a_talk_opens_it(operator: Browser, service: MemoryService) -> None:
    talk = await started(operator)
    pia = await log_in(service, SECRET, Reader("pia-finta", frozenset({"operator"}), "Pia Finta"))
    carla = await log_in(service, SECRET, Reader("carla", frozenset({"coordinator"}), "Carla"))

    for path in (talk, f"{talk}/famiglia", f"{talk}/problema", f"{talk}/foglio"):
        assert (await pia.open(path)).status_code == 403
        assert (await carla.open(path)).status_code == 403
    assert (await operator.open("/colloqui/00000000-0000-7000-8000-000000000000")).status_code == 404
