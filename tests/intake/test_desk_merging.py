"""The staff pages that merge reports about one problem and split them again."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from tests.intake.conftest import SECRET
from tests.intake.desk import Browser, log_in

from chassis.testing import MemoryService
from intake.app.readings import Reader
from intake.domain.reports import Report
from intake.handlers.documents import REPORTS

ADA = Reader("ada-esempio", frozenset({"operator"}), "Ada Esempio")
BODY = {
    "category": "ascensore",
    "place_id": "bg-monterosso-02",
    "description": "Ascensore fermo al terzo piano",
}


@pytest.fixture
async def operator(service: MemoryService) -> AsyncIterator[Browser]:
    """The browser of an operator."""
    browser = await log_in(service, SECRET, ADA)
    yield browser
    await browser.http.aclose()


async def made(client: httpx.AsyncClient, **more: str) -> Any:
    answer = await client.post("/v1/reports", json=BODY | more)
    assert answer.status_code == 201
    return answer.json()


async def report(service: MemoryService, report_id: str) -> Report:
    found = await service.document(REPORTS, report_id)
    assert found is not None
    return found


async def test_two_reports_are_merged_in_two_steps_and_the_merging_is_undone_at_once(
    service: MemoryService, client: httpx.AsyncClient, operator: Browser
) -> None:
    main, other = await made(client), await made(client)
    address = f"/segnalazioni/{other['report_id']}/unione"
    first = await operator.open(address)
    asked = await operator.open(f"{address}?con={main['report_id']}&motivo=same-problem")
    before = await report(service, other["report_id"])
    done = await operator.send(asked, {})
    merged = await operator.open(done.headers["location"])
    between = await report(service, other["report_id"])
    back = await operator.send(merged, {}, 0)

    assert main["tracking_code"] in first.text
    assert "terzo piano" not in first.text
    assert (before.merged_into, between.merged_into) == (None, main["report_id"])
    assert f"{main['tracking_code']}:" in merged.text
    assert back.headers["location"].startswith(f"/segnalazioni/{other['report_id']}")
    assert (await report(service, other["report_id"])).merged_into is None
    rows = await service.context.audited({"details.report_id": other["report_id"]})
    assert {"merge-report", "split-report"} <= {row["action"] for row in rows}


async def test_another_report_is_found_by_its_code_and_what_is_missing_is_named(
    service: MemoryService, client: httpx.AsyncClient, operator: Browser
) -> None:
    far, own = await made(client, place_id="bg-malpensata-01", category="citofono"), await made(client)
    address = f"/segnalazioni/{own['report_id']}/unione"
    asked = await operator.open(f"{address}?codice={far['tracking_code']}&motivo=other")
    refused = {
        "Scelga una segnalazione": "?motivo=other",
        "Nessuna segnalazione ha questo codice": "?codice=AAAAA-AAAAA&motivo=other",
        "Scelga un motivo": f"?con={far['report_id']}",
        "È la stessa segnalazione": f"?con={own['report_id']}&motivo=other",
    }
    found = {text: await operator.open(address + query) for text, query in refused.items()}

    assert "Unisca le segnalazioni" in asked.text
    assert {text for text, page in found.items() if text in page.text and page.status_code == 422} == set(
        refused
    )


async def test_a_refusal_after_the_confirmation_is_told_on_the_page(
    service: MemoryService, client: httpx.AsyncClient, operator: Browser
) -> None:
    main, other = await made(client), await made(client)
    address = f"/segnalazioni/{other['report_id']}/unione"
    asked = await operator.open(f"{address}?con={main['report_id']}&motivo=same-problem")
    gone = await client.post(
        f"/v1/reports/{main['tracking_code']}/withdrawal",
        json={"reason": "mistake"},
        headers={"Ascolto-Pin": main["pin"]},
    )
    refused = await operator.send(asked, {})

    assert gone.status_code == 200, gone.text
    assert (refused.status_code, "ne scelga una aperta" in refused.text) == (422, True)
