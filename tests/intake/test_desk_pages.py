"""The staff pages: what tenants wrote, notes, the answer, the search and the audit of readings."""

from collections.abc import AsyncIterator, Callable

import httpx
import pytest
from tests.intake.conftest import NOON, SECRET
from tests.intake.desk import COOKIE, Browser, log_in

from chassis.ids import uuid7
from chassis.testing import MemoryService
from intake.adapters.mail_addresses import is_address
from intake.app.readings import Reader
from intake.app.use_cases import UseCases, use_cases
from intake.domain.drafts import Contact, Draft
from intake.domain.entries import EntryKind
from intake.handlers.documents import PRIVATE

TEXT = "Il soffitto è <bagnato>"
DRAFT = Draft(
    "infiltrazioni",
    "bg-monterosso-01",
    TEXT,
    "ar",
    contact=Contact("Bruno Finto", "bruno@example.org", "035/12 34 56 int. 3"),
)
PEOPLE = {
    "operator": Reader("ada-esempio", frozenset({"operator"}), "Ada Esempio"),
    "coordinator": Reader("carla-inventata", frozenset({"coordinator"}), "Carla Inventata"),
    "officer": Reader("dino-prova", frozenset({"officer"}), "Dino Prova"),
    "ops": Reader("elio-finto", frozenset({"ops"}), "Elio Finto"),
}
LogIn = Callable[[str], "AsyncIterator[Browser]"]


@pytest.fixture
def cases(service: MemoryService) -> UseCases:
    """The use cases of the service."""
    return use_cases(service.context, SECRET, is_address)


@pytest.fixture
async def report_id(cases: UseCases) -> str:
    """A registered report."""
    return (await cases.submissions.accept(await cases.submissions.judge(DRAFT), uuid7(NOON))).report_id


@pytest.fixture
async def browsers(service: MemoryService) -> AsyncIterator[dict[str, Browser]]:
    """A browser for each role."""
    made = {role: await log_in(service, SECRET, reader) for role, reader in PEOPLE.items()}
    yield made
    for browser in made.values():
        await browser.http.aclose()


@pytest.fixture
def operator(browsers: dict[str, Browser]) -> Browser:
    """The browser of an operator."""
    return browsers["operator"]


async def erase(service: MemoryService, report_id: str) -> None:
    row = await service.store.get(PRIVATE.name, report_id)
    assert row is not None
    row["state"]["key"] = b""
    session = await service.store.session()
    await session.transact(lambda tx: tx.replace(PRIVATE.name, [({"_id": report_id}, row)]))


@pytest.mark.parametrize("path", ["", "/scheda"])
async def test_an_operator_reads_words_and_contact_and_the_audit_says_so(
    operator: Browser, service: MemoryService, report_id: str, path: str
) -> None:
    page = await operator.open(f"/segnalazioni/{report_id}{path}")

    [row] = await service.context.audited({"action": "read-report"})
    assert page.status_code == 200
    assert "Il soffitto è &lt;bagnato&gt;" in page.text
    assert 'href="tel:035123456"' in page.text
    assert "Bruno Finto" in page.text
    assert "العربية" in page.text
    assert (row["by"], row["details"]["part"]) == ("ada-esempio", "fragment" if path else "full")
    assert ("<html" in page.text) is (path == "")


async def test_a_fragment_without_a_session_leads_to_the_login_and_back_to_the_page_around_it(
    client: httpx.AsyncClient, report_id: str
) -> None:
    around = {"HX-Request": "true", "HX-Current-URL": f"http://intake.example/lavoro/{report_id}?da=1"}

    answer = await client.get(f"/segnalazioni/{report_id}/scheda", headers=around)
    elsewhere = await client.get(
        f"/segnalazioni/{report_id}/scheda",
        headers={"HX-Request": "true", "HX-Current-URL": "https://evil.example/x"},
    )

    assert answer.status_code == 401
    assert answer.headers["HX-Redirect"] == f"/segnalazioni/accesso?torna=/lavoro/{report_id}%3Fda%3D1"
    assert "evil" not in elsewhere.headers["HX-Redirect"]
    assert TEXT not in answer.text


@pytest.mark.parametrize(
    ("role", "path", "status"),
    [
        ("officer", "/scheda", 403),
        ("officer", "", 403),
        ("officer", "/risposta", 403),
        ("officer", "/nuovo-pin", 403),
        ("ops", "/scheda", 403),
        ("ops", "", 403),
        ("coordinator", "", 200),
    ],
)
async def test_the_wrong_role_reads_nothing(
    browsers: dict[str, Browser], service: MemoryService, report_id: str, role: str, path: str, status: int
) -> None:
    page = await browsers[role].open(f"/segnalazioni/{report_id}{path}")

    assert page.status_code == status
    assert ("bagnato" in page.text) is (status == 200)
    assert len(await service.context.audited({})) == (1 if status == 200 else 0)


async def test_an_officer_reads_a_report_about_a_contribution(
    browsers: dict[str, Browser], cases: UseCases
) -> None:
    draft = Draft("contributo-affitto", "bg-monterosso-01", "Non arrivo a fine mese")
    made = await cases.submissions.accept(await cases.submissions.judge(draft), uuid7(NOON))

    page = await browsers["officer"].open(f"/segnalazioni/{made.report_id}/scheda")

    assert page.status_code == 200
    assert "Non arrivo a fine mese" in page.text


async def test_nothing_is_shown_while_the_audit_cannot_be_written(
    operator: Browser, service: MemoryService, report_id: str
) -> None:
    async def nothing_inserted(collection: str, documents: object) -> int:
        return 0

    service.store.insert_missing = nothing_inserted  # type: ignore[method-assign]

    pages = [await operator.open(f"/segnalazioni/{report_id}{path}") for path in ("", "/scheda")]

    assert [page.status_code for page in pages] == [503, 503]
    assert not [page for page in pages if "bagnato" in page.text]


async def test_an_erased_report_says_so_and_takes_no_note(
    operator: Browser, service: MemoryService, report_id: str
) -> None:
    before = await operator.open(f"/segnalazioni/{report_id}")
    await erase(service, report_id)

    page = await operator.open(f"/segnalazioni/{report_id}")
    refused = await operator.send(before, {"nota": "Ho telefonato"})

    assert page.status_code == 200
    assert "sono stati cancellati" in page.text
    assert "/nota" not in page.text
    assert (refused.status_code, "cancellati" in refused.text) == (410, True)


@pytest.mark.parametrize("path", ["", "/scheda", "/risposta", "/nuovo-pin", "/foglio"])
async def test_a_report_that_does_not_exist_is_told_as_a_page(operator: Browser, path: str) -> None:
    page = await operator.open(f"/segnalazioni/{uuid7(NOON)}{path}")

    assert page.status_code == 404
    assert page.headers["content-type"].startswith("text/html")


async def test_a_note_is_added_once_and_told_once(operator: Browser, cases: UseCases, report_id: str) -> None:
    page = await operator.open(f"/segnalazioni/{report_id}")

    first = await operator.send(page, {"nota": "Ho telefonato, non risponde"})
    shown = await operator.open(first.headers["location"])
    reloaded = await operator.open(first.headers["location"])
    await operator.send(page, {"nota": "Ho telefonato, non risponde"})
    again = await operator.open(first.headers["location"])

    assert (first.status_code, first.headers["location"]) == (303, f"/segnalazioni/{report_id}")
    assert "La nota è aggiunta" in shown.text
    assert "Ada Esempio" in shown.text
    assert "La nota è aggiunta" not in reloaded.text
    assert "L&#39;aveva già fatto prima" in again.text
    assert len(await cases.entries.read(report_id, EntryKind.NOTE)) == 1


async def test_a_note_from_another_services_page_returns_there(
    operator: Browser, cases: UseCases, report_id: str
) -> None:
    around = {"HX-Request": "true", "HX-Current-URL": f"http://intake.example/lavoro/{report_id}"}
    fragment = await operator.open(f"/segnalazioni/{report_id}/scheda", around)

    sent = await operator.send(fragment, {"nota": "Ho telefonato"})

    assert sent.headers["location"] == f"/lavoro/{report_id}"
    assert len(await cases.entries.read(report_id, EntryKind.NOTE)) == 1


@pytest.mark.parametrize(
    "foreign", ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:x"]
)
async def test_a_form_never_returns_to_another_site(operator: Browser, report_id: str, foreign: str) -> None:
    page = await operator.open(f"/segnalazioni/{report_id}")
    asked = await operator.http.get(f"/segnalazioni/{report_id}/risposta", params={"torna": foreign})

    note = await operator.send(page, {"nota": "Ho telefonato", "torna": foreign})
    answer = await operator.send(asked, {"risposta": "Veniamo domani"})

    assert note.headers["location"] == f"/segnalazioni/{report_id}"
    assert answer.headers["location"] == f"/lavoro/{report_id}/chiudi"


@pytest.mark.parametrize(("typed", "said"), [(" ", "Scriva la nota"), ("a" * 4001, "troppo lunga")])
async def test_a_wrong_note_keeps_its_text_and_names_the_error(
    operator: Browser, report_id: str, typed: str, said: str
) -> None:
    page = await operator.open(f"/segnalazioni/{report_id}")

    wrong = await operator.send(page, {"nota": typed})
    right = await operator.send(wrong, {"nota": "Ho telefonato"})

    assert wrong.status_code == 422
    assert said in wrong.text
    assert 'href="#nota"' in wrong.text
    assert typed.strip() in wrong.text
    assert right.status_code == 303


async def test_another_note_from_the_same_page_can_be_sent_on_the_second_try(
    operator: Browser, cases: UseCases, report_id: str
) -> None:
    page = await operator.open(f"/segnalazioni/{report_id}")
    await operator.send(page, {"nota": "una"})

    asked = await operator.send(page, {"nota": "due"})
    sent = await operator.send(asked, {"nota": "due"})

    assert (asked.status_code, sent.status_code) == (422, 303)
    assert [one.text for one in await cases.entries.read(report_id, EntryKind.NOTE)] == ["una", "due"]


async def test_a_form_without_the_seal_of_the_session_changes_nothing(
    operator: Browser, cases: UseCases, report_id: str
) -> None:
    page = await operator.open(f"/segnalazioni/{report_id}")

    refused = await operator.send(page, {"nota": "x", "seal": "0" * 64})

    assert refused.status_code == 403
    assert await cases.entries.read(report_id, EntryKind.NOTE) == []


async def test_an_answer_is_written_and_changed_before_the_closing(
    operator: Browser, cases: UseCases, report_id: str
) -> None:
    asked = await operator.open(f"/segnalazioni/{report_id}/risposta?torna=/lavoro/{report_id}/chiudi")
    sent = await operator.send(asked, {"risposta": "Veniamo domani"})
    again = await operator.open(f"/segnalazioni/{report_id}/risposta")
    await operator.send(again, {"risposta": "Siamo venuti"})

    page = await operator.open(f"/segnalazioni/{report_id}")

    assert sent.headers["location"] == f"/lavoro/{report_id}/chiudi"
    assert "Veniamo domani</textarea>" in again.text
    assert "Siamo venuti" in page.text
    assert "Veniamo domani" not in page.text


async def test_an_empty_answer_is_asked_again(operator: Browser, report_id: str) -> None:
    asked = await operator.open(f"/segnalazioni/{report_id}/risposta")

    wrong = await operator.send(asked, {"risposta": ""})

    assert wrong.status_code == 422
    assert "Scriva la risposta" in wrong.text


async def test_a_code_leads_to_the_case(
    browsers: dict[str, Browser], cases: UseCases, report_id: str
) -> None:
    code = cases.codes.code(report_id)
    typed = f" {code.lower().replace('-', ' ')} "

    operator, officer = browsers["operator"], browsers["officer"]
    found = await operator.http.get("/segnalazioni/cerca", params={"codice": typed})
    of_officer = await officer.http.get("/segnalazioni/cerca", params={"codice": code})

    assert (found.status_code, found.headers["location"]) == (303, f"/lavoro/{report_id}")
    assert of_officer.headers["location"] == f"/segnalazioni/{report_id}"


@pytest.mark.parametrize(
    ("code", "status", "said"),
    [
        ("00000-00000", 404, "Nessuna segnalazione"),
        ("ciao", 422, "non è un codice"),
        ("", 422, "Scriva il codice"),
    ],
)
async def test_a_code_that_finds_nothing_is_told_beside_its_field(
    operator: Browser, code: str, status: int, said: str
) -> None:
    page = await operator.http.get("/segnalazioni/cerca", params={"codice": code})

    assert page.status_code == status
    assert said in page.text
    assert f'value="{code}"' in page.text


async def test_who_read_a_report_is_shown_to_coordinators_and_ops(
    browsers: dict[str, Browser], report_id: str
) -> None:
    await browsers["operator"].open(f"/segnalazioni/{report_id}/scheda")
    confirm = await browsers["operator"].open(f"/segnalazioni/{report_id}/nuovo-pin?controllo=document")
    await browsers["operator"].send(confirm, {})

    pages = {
        role: await browser.open(f"/segnalazioni/letture/{report_id}") for role, browser in browsers.items()
    }

    assert {role: page.status_code for role, page in pages.items()} == {
        "operator": 403,
        "coordinator": 200,
        "officer": 403,
        "ops": 200,
    }
    assert "ada-esempio" in pages["ops"].text
    assert "La scheda dentro un&#39;altra pagina" in pages["ops"].text
    assert "Un PIN fatto" in pages["ops"].text
    assert "bagnato" not in pages["ops"].text


async def test_reports_are_taken_and_pages_say_so_while_the_issuer_is_down(client: httpx.AsyncClient) -> None:
    body = {"category": "acqua", "place_id": "bg-monterosso-01", "description": "Manca"}

    made = await client.post("/v1/reports", json=body)
    login = await client.get("/segnalazioni/accesso", headers={"Accept": "text/html"})

    assert made.status_code == 201
    assert login.status_code == 503
    assert "il servizio non risponde" in login.text
    assert COOKIE not in login.headers.get("set-cookie", "")
