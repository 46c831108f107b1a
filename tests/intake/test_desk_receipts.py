"""The staff pages that make a PIN or a report: two steps, one receipt, one report."""

import re

import httpx
import pytest
from tests.intake.conftest import NOON, SECRET
from tests.intake.desk import Browser, log_in

from chassis.ids import uuid7
from chassis.testing import MemoryService
from intake.adapters.mail_addresses import is_address
from intake.app.readings import Reader
from intake.app.use_cases import UseCases, use_cases
from intake.domain.drafts import Contact, Draft
from intake.handlers.documents import REPORTS

ADA = Reader("ada-esempio", frozenset({"operator"}), "Ada Esempio")
DRAFT = Draft(
    "infiltrazioni", "bg-monterosso-01", "Piove", "ar", contact=Contact("Bruno", None, "035 000000")
)
TYPED = {"category": "pulizia", "description": "Scale sporche"}


@pytest.fixture
def cases(service: MemoryService) -> UseCases:
    """The use cases of the service."""
    return use_cases(service.context, SECRET, is_address)


@pytest.fixture
async def report_id(cases: UseCases) -> str:
    """A registered report."""
    return (await cases.submissions.accept(await cases.submissions.judge(DRAFT), uuid7(NOON))).report_id


@pytest.fixture
async def operator(service: MemoryService) -> Browser:
    """The browser of an operator."""
    return await log_in(service, SECRET, ADA)


def receipt_of(page: httpx.Response) -> tuple[str, str]:
    code, pin = re.findall(r"<dd>([0-9A-Z]{5}-[0-9A-Z]{5}|[0-9]{6})</dd>", page.text)
    return code, pin


async def opens(client: httpx.AsyncClient, code: str, pin: str) -> bool:
    return (await client.get(f"/v1/status/{code}", headers={"Ascolto-Pin": pin})).status_code == 200


async def test_a_new_pin_is_made_in_two_steps_and_shown_once(
    operator: Browser, client: httpx.AsyncClient, service: MemoryService, cases: UseCases, report_id: str
) -> None:
    former = cases.codes.pin(report_id)
    first = await operator.open(f"/segnalazioni/{report_id}/nuovo-pin")
    second = await operator.open(f"/segnalazioni/{report_id}/nuovo-pin?controllo=document")
    made = await operator.send(second, {})
    receipt = await operator.open(made.headers["location"])
    repeated = await operator.send(second, {})
    gone = await operator.open(repeated.headers["location"])

    code, pin = receipt_of(receipt)
    rows = await service.context.audited({"action": "make-pin"})
    assert "Ho visto un documento" in first.text
    assert "smette subito di funzionare" in second.text
    assert (made.status_code, receipt.status_code, gone.status_code) == (303, 200, 410)
    assert (await opens(client, code, pin), await opens(client, code, former)) == (True, False)
    assert pin not in gone.text
    assert (receipt.text.count('class="qr"'), gone.text.count('class="qr"')) == (1, 0)
    assert [(row["by"], row["details"]["check"]) for row in rows] == [("ada-esempio", "document")]


@pytest.mark.parametrize("check", ["", "trust-me"])
async def test_without_a_check_of_the_person_no_pin_is_made(
    operator: Browser, service: MemoryService, report_id: str, check: str
) -> None:
    before = await service.document(REPORTS, report_id)
    asked = await operator.open(f"/segnalazioni/{report_id}/nuovo-pin?controllo={check}")
    confirm = await operator.open(f"/segnalazioni/{report_id}/nuovo-pin?controllo=document")

    sent = await operator.send(confirm, {"controllo": check})

    for page in (asked, sent):
        assert page.status_code == 422
        assert "Scelga come ha controllato chi è" in page.text
    assert await service.document(REPORTS, report_id) == before


async def test_the_receipt_of_a_tenants_own_report_is_shown_to_nobody(
    operator: Browser, report_id: str
) -> None:
    page = await operator.open(f"/segnalazioni/{report_id}/foglio")

    assert page.status_code == 404
    assert "Qui non c&#39;è un PIN per lei" in page.text


async def test_a_report_for_the_same_household_is_prefilled_and_gets_its_own_receipt(
    operator: Browser, client: httpx.AsyncClient, service: MemoryService, report_id: str
) -> None:
    form = await operator.open(f"/segnalazioni/nuova?da={report_id}")
    values = {"place_id": "bg-monterosso-01", "name": "Bruno", "phone": "035 000000", "language": "ar"}
    made = await operator.send(form, TYPED | values)
    receipt = await operator.open(made.headers["location"])

    [row] = await service.context.audited({"action": "read-report"})
    [new] = await service.documents(REPORTS, {"state.channel": "operator"})
    code, pin = receipt_of(receipt)
    assert 'value="Bruno"' in form.text
    assert 'value="bg-monterosso-01" checked' in form.text
    assert 'value="ar" lang="ar" selected' in form.text
    assert row["details"]["part"] == "contact"
    assert (new.category, new.place_id, new.language) == ("pulizia", "bg-monterosso-01", "ar")
    assert new.tracking_code == code
    assert await opens(client, code, pin)


async def test_the_same_form_again_is_one_report(operator: Browser, service: MemoryService) -> None:
    form = await operator.open("/segnalazioni/nuova")
    typed = TYPED | {"place_id": "bg-monterosso-01"}

    first, second = [await operator.send(form, typed) for _ in range(2)]
    other = await operator.send(form, typed | {"description": "Un'altra cosa"})

    assert first.headers["location"] == second.headers["location"]
    assert len(await service.documents(REPORTS, {})) == 1
    assert other.status_code == 422
    assert "prema di nuovo" in other.text
    assert (await operator.send(other, typed | {"description": "Un'altra cosa"})).status_code == 303


async def test_a_wrong_form_lists_its_errors_in_order_and_keeps_its_text(operator: Browser) -> None:
    form = await operator.open("/segnalazioni/nuova")

    page = await operator.send(form, {"description": "", "email": "nessuno", "phone": "chiamami"})

    links = re.findall(r'<li><a href="#(\w+)">', page.text)
    assert page.status_code == 422
    assert links == ["category", "place_id", "description", "email", "phone"]
    assert 'value="nessuno"' in page.text


async def test_an_immediate_danger_is_referred_to_112(operator: Browser, service: MemoryService) -> None:
    form = await operator.open("/segnalazioni/nuova")

    page = await operator.send(
        form, {"category": "pericolo-immediato", "place_id": "bg-monterosso-01", "description": "Gas"}
    )

    assert page.status_code == 422
    assert 'href="tel:112"' in page.text
    assert await service.documents(REPORTS, {}) == []


@pytest.mark.parametrize("role", ["officer", "ops"])
async def test_only_operators_and_coordinators_make_reports_and_pins(
    service: MemoryService, report_id: str, role: str
) -> None:
    browser = await log_in(service, SECRET, Reader("dino-prova", frozenset({role})))

    for path in (f"nuova?da={report_id}", "nuova", f"{report_id}/nuovo-pin", f"{report_id}/foglio"):
        assert (await browser.open(f"/segnalazioni/{path}")).status_code == 403
    assert await service.context.audited({}) == []
