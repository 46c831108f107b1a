"""The pages of an officer: what is typed is kept, seen before it is decided, decided once, and corrected by the law."""

import json
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.subsidies.browser import Officer, officer_of, pages_in_memory
from tests.subsidies.conftest import NOW
from tests.subsidies.steps import apply, body, report, start

from chassis.ids import uuid7
from subsidies.adapters.rule_files import Rules
from subsidies.app.application_data import ApplicationData
from subsidies.entrypoints.pages.data_form import CONTROLS, read_typed, rows_shown, typed_of
from subsidies.entrypoints.pages.italian import Unreadable, read_day, read_money, write_money
from subsidies.handlers.documents import BUDGETS, DRAFTS, application_of

PLACE = f"/contributi/{application_of(report(1))}"
LIMIT = "26.200,00"  # the patrimony limit of the household of the scenarios
OVER = "26.200,01"


def typed(**changes: str) -> dict[str, Any]:
    """The applicant of the scenarios as an officer types it."""
    data = ApplicationData.model_validate_json(json.dumps(body()))
    return typed_of(data.facts()) | {"composition": [], "decadenza_acts": []} | changes


@pytest.fixture
async def officer(rules: Rules) -> AsyncIterator[Officer]:
    async with pages_in_memory(rules) as (service, login):
        await start(service, rules)
        await apply(service, 1)
        yield await officer_of(service, login)


async def decide(officer: Officer, **changes: str) -> None:
    await officer.see(f"{PLACE}/dati")
    preview = await officer.send(f"{PLACE}/dati", typed(**changes))
    assert preview.path == f"{PLACE}/anteprima", preview.errors()
    await officer.send(f"{PLACE}/decidi", preview.fields)


async def test_a_patrimony_wrong_by_a_cent_is_seen_decided_and_lawfully_corrected(officer: Officer) -> None:
    await officer.see(f"{PLACE}/dati")
    preview = await officer.send(f"{PLACE}/dati", typed(patrimony=OVER))

    assert "Non accolta" in preview.text
    assert "Il patrimonio 26.200,01 € supera la soglia del nucleo, 26.200,00 €." in preview.text
    assert "R.R. 4/2017 art. 7 c. 1 lett. c) nn. 1-2" in preview.text
    assert "Da decidere" in (await officer.see(PLACE)).text

    await officer.see(f"{PLACE}/anteprima")
    decision = await officer.send(f"{PLACE}/decidi", preview.fields)
    assert decision.path == f"{PLACE}/decisione"
    assert "Fatto: la decisione è presa." in decision.text
    assert "entro 60 giorni" in decision.text

    form = await officer.see(f"{PLACE}/annulla")
    assert form.typed("patrimony") == OVER
    corrected = {"reason": "wrong-data", "note": "Il patrimonio era stato copiato male."}
    second = await officer.send(f"{PLACE}/annulla", typed(patrimony=LIMIT) | corrected)
    assert second.path == f"{PLACE}/annulla/anteprima"
    assert "Accolta: contributo di 1.800,00 €." in second.text
    decision = await officer.send(f"{PLACE}/annulla/conferma", second.fields)

    assert "la decisione di prima è annullata e questa la sostituisce" in decision.text
    assert "Questa decisione annulla e sostituisce quella del 23 novembre 2026." in decision.text
    assert "Il patrimonio era stato copiato male." in decision.text
    old = await officer.see(f"{PLACE}/decisione?numero=1")
    assert "Questa decisione è stata annullata d'ufficio e sostituita." in old.text
    assert "Non accolta" in old.text
    assert (await officer.service.context.load(BUDGETS, "crs-2026-bergamo")).reserved_cents == 180000  # type: ignore[union-attr]


async def test_the_same_confirmation_sent_again_decides_nothing_and_says_so(officer: Officer) -> None:
    await officer.see(f"{PLACE}/dati")
    preview = await officer.send(f"{PLACE}/dati", typed())
    first = await officer.send(f"{PLACE}/decidi", preview.fields)

    again = await officer.send(f"{PLACE}/decidi", preview.fields)
    other = await officer.send(f"{PLACE}/decidi", preview.fields | {"command_id": uuid7(NOW)})

    assert first.path == again.path == f"{PLACE}/decisione"
    assert len(again.text) > len(first.text)
    assert other.path == f"{PLACE}/decisione?gia=1"
    assert "Era già deciso, e non è cambiato niente." in other.text
    rows = await officer.service.store.query("ledger", {})
    assert len(rows) == 1


async def test_errors_are_beside_their_fields_in_the_order_of_the_form_and_what_was_typed_stays(
    officer: Officer,
) -> None:
    wrong = {
        "patrimony": "26200.01",
        "members": "",
        "minors": "quattro",
        "assigned_on": "31/02/2020",
        "arrears-1-euro": "10,00",
        "arrears-1-month": "13/2025",
        "scale": "0,5",
    }
    await officer.see(f"{PLACE}/dati")
    page = await officer.send(f"{PLACE}/dati", typed(**wrong))

    assert page.path == f"{PLACE}/dati?controllo=1"
    assert page.errors() == [
        "members",
        "minors",
        "assigned_on",
        "arrears-1-month",
        "scale",
        "patrimony",
    ]
    assert "Patrimonio: scriva l'importo come 1.234,56." in page.text
    assert page.typed("patrimony") == "26200.01"
    assert 'id="patrimony-errore"' in page.answer.text
    assert (await officer.see(f"{PLACE}/anteprima")).path == f"{PLACE}/dati?controllo=1"
    assert "26200.01" not in repr(await officer.service.store.query(DRAFTS.name, {}))


@pytest.mark.parametrize(
    ("changes", "control"),
    [
        ({"minors": "4"}, "minors"),
        ({"expires_on": "09/01/2026"}, "expires_on"),
        ({"ise": "1,00"}, "ise"),
        ({"assigned_on": "01/01/2027"}, "assigned_on"),
        ({"scale": "2,03"}, "scale"),
        ({"track": "ricchi"}, "track"),
        ({"province": "como"}, "province"),
        ({"kind": "villa"}, "kind"),
        ({"arrears-1-month": "01/2025"}, "arrears-1-month"),
        ({"arrears-0-month": "12/2026"}, "arrears-0-month"),
        ({"arrears-2-euro": "0"}, "arrears-2-euro"),
    ],
)
async def test_what_contradicts_something_else_is_an_error_of_its_field(
    officer: Officer, changes: dict[str, str], control: str
) -> None:
    await officer.see(f"{PLACE}/dati")

    page = await officer.send(f"{PLACE}/dati", typed(**changes))

    assert page.errors() == [control]


async def test_months_can_be_typed_in_any_order_and_rows_added(officer: Officer) -> None:
    rows = {"arrears-0-month": "3/2025", "arrears-2-month": "1/2025"}
    await officer.see(f"{PLACE}/dati")

    more = await officer.send(f"{PLACE}/dati", typed(**rows) | {"go": "rows"})
    preview = await officer.send(f"{PLACE}/dati", typed(**rows))

    assert 'id="arrears-9-month"' in more.answer.text
    assert preview.text.index("Morosità del mese 01/2025") < preview.text.index("Morosità del mese 03/2025")


async def test_a_draft_saved_for_later_is_there_again(officer: Officer) -> None:
    await officer.see(f"{PLACE}/dati")

    saved = await officer.send(f"{PLACE}/dati", typed(members="5") | {"go": "save"})

    assert saved.path == PLACE
    assert "Continua a inserire i dati" in saved.text
    assert (await officer.see(f"{PLACE}/dati")).typed("members") == "5"


async def test_a_preview_that_is_outdated_is_shown_again_and_nothing_is_decided(
    officer: Officer, rules: Rules
) -> None:
    await officer.see(f"{PLACE}/dati")
    preview = await officer.send(f"{PLACE}/dati", typed())
    await start(officer.service, rules, bergamo=100000)

    page = await officer.send(f"{PLACE}/decidi", preview.fields)

    assert page.path == f"{PLACE}/anteprima?cambiato=1"
    assert "Qualcosa è cambiato" in page.text
    assert "Accolta in parte: 1.000,00 € su 1.800,00 €" in page.text


async def test_a_correction_needs_a_reason_a_note_and_another_disposition(officer: Officer) -> None:
    await decide(officer)
    await officer.see(f"{PLACE}/annulla")

    empty = await officer.send(f"{PLACE}/annulla", typed())
    same = await officer.send(
        f"{PLACE}/annulla", typed() | {"reason": "wrong-data", "note": "Era sbagliato qualcosa."}
    )

    assert empty.errors() == ["reason", "note"]
    assert "per legge non si annulla" in same.text
    assert same.path == f"{PLACE}/annulla?controllo=1"


async def test_an_undecided_application_has_no_correction_and_an_unknown_one_is_not_found(
    officer: Officer,
) -> None:
    undecided = await officer.see(f"{PLACE}/annulla")
    unknown = await officer.see(f"/contributi/{application_of(report(9))}")

    assert (undecided.answer.status_code, unknown.answer.status_code) == (409, 404)
    assert "Non ancora decisa" in undecided.text
    assert "Domanda non trovata" in unknown.text


async def test_the_queue_is_ordered_by_term_filtered_and_paged_by_its_address(officer: Officer) -> None:
    for number in range(2, 40):
        officer.service.now = NOW + timedelta(hours=number)
        await apply(officer.service, number)
    officer.service.now = NOW + timedelta(days=26)
    first = await officer.see("/contributi")
    second = await officer.see("/contributi?pagina=2&ordine=-entro")
    officer.service.now = NOW + timedelta(days=31)
    late = await officer.see("/contributi?termine=scadute")

    assert "39 domande" in first.text
    assert "Pagina 1 di 2" in first.text
    assert first.text.index(_name(1)) < first.text.index(_name(2))
    assert _name(1) in second.text
    assert "In scadenza 39" in first.text
    assert (_name(1) in late.text, _name(39) in late.text) == (True, False)
    assert "Nessuna domanda" in (await officer.see("/contributi?stato=decise")).text
    assert "Nessuna domanda" in (await officer.see("/contributi?provincia=lecco")).text


def _name(number: int) -> str:
    return f"Domanda {application_of(report(number))[:8].upper()}"


async def test_budgets_show_what_is_left_and_the_waiting_list_its_order(
    officer: Officer, rules: Rules
) -> None:
    await decide(officer)
    await start(officer.service, rules, bergamo=180000)
    for number in (2, 3):
        await apply(officer.service, number)
        place = f"/contributi/{application_of(report(number))}"
        await officer.see(f"{place}/dati")
        preview = await officer.send(f"{place}/dati", typed())
        assert "In lista d'attesa" in preview.text
        await officer.send(f"{place}/decidi", preview.fields)

    budgets = await officer.see("/contributi/bilanci")
    waiting = await officer.see("/contributi/attesa?bilancio=crs-2026-bergamo")

    assert "Bergamo 1.800,00 € 0,00 € 1.800,00 € 0,00 €" in budgets.text
    assert waiting.text.index(_name(2)) < waiting.text.index(_name(3))
    assert _name(1) not in waiting.text


async def test_only_officers_see_these_pages(rules: Rules) -> None:
    async with pages_in_memory(rules) as (service, login):
        await start(service, rules)
        operator = await officer_of(service, login, "operator")

        assert (await operator.see("/contributi")).answer.status_code == 403
        stranger = await service.http.get("/contributi", headers={"Accept": "text/html"})
        assert (stranger.status_code, stranger.headers["Location"]) == (
            303,
            "/contributi/accesso?torna=/contributi",
        )


async def test_a_form_without_the_seal_of_the_session_is_refused(officer: Officer) -> None:
    page = await officer.send(f"{PLACE}/dati", typed() | {"seal": "0" * 64})

    assert page.answer.status_code == 403
    assert await officer.service.store.count(DRAFTS.name, {}) == 0


@given(st.integers(0, 10**9))
def test_an_amount_is_read_as_it_is_written(cents: int) -> None:
    assert read_money(write_money(cents)) == read_money(write_money(cents).replace(".", "") + " €") == cents


@pytest.mark.parametrize(
    "text", ["12,3,4", "1234.56", "1.23,4", "-1", "1,234", "", "mille", "10.000.000,01", "²"]
)
def test_an_amount_in_another_notation_is_refused(text: str) -> None:
    with pytest.raises(Unreadable):
        read_money(text)


@pytest.mark.parametrize(
    "text", ["31/02/2026", "2026-11-05", "5/11/26", "05.11.2026", "01/01/1899", "١/١/٢٠٢٦"]
)
def test_a_day_that_does_not_exist_or_is_written_otherwise_is_refused(text: str) -> None:
    with pytest.raises(Unreadable):
        read_day(text)


@given(st.dictionaries(st.sampled_from([one.name for one in CONTROLS]), st.text(max_size=20)))
def test_whatever_is_typed_is_data_or_errors(text: dict[str, str]) -> None:
    reading = read_typed(text)

    assert (reading.data is None) is bool(reading.errors)
    assert rows_shown(text) >= 4
