"""The pages of what waits for the desk: completed into a report, added to one, or discarded, by whoever may."""

import re
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from tests.intake.conftest import NOON, SECRET
from tests.intake.desk import Browser, log_in
from tests.intake.photo_files import file_of, picture
from tests.intake.test_waiting import ADA, BRUNO, CLARA, by_mail, by_phone

from chassis.ids import uuid7
from chassis.testing import MemoryService
from intake.adapters.mail_addresses import is_address
from intake.adapters.photo_processes import PhotoProcesses
from intake.app.use_cases import UseCases, use_cases
from intake.domain.drafts import Draft
from intake.domain.entries import Author, EntryKind
from intake.handlers.documents import REPORTS

LIST = "/segnalazioni/da-completare"
COMPLETE, ATTACH, DISCARD = 0, 1, 2


@pytest.fixture
def cases(service: MemoryService) -> UseCases:
    """The use cases of the service."""
    return use_cases(service.context, SECRET, is_address, PhotoProcesses().decode)


@pytest.fixture
async def coordinator(service: MemoryService) -> AsyncIterator[Browser]:
    """The browser of a coordinator."""
    browser = await log_in(service, SECRET, CLARA)
    yield browser
    await browser.http.aclose()


async def test_an_item_is_completed_with_errors_by_field_and_keeps_what_was_written(
    cases: UseCases, service: MemoryService, coordinator: Browser
) -> None:
    kept = await cases.waiting.keep(by_phone())
    listed = await coordinator.open(LIST)
    page = await coordinator.open(f"{LIST}/{kept.id}")
    typed = {"category": "pulizia", "place_id": "", "description": "Ascensore fermo", "phone": "abc"}

    refused = await coordinator.send(page, typed, COMPLETE)
    searched = await coordinator.http.post(
        f"{LIST}/{kept.id}/luogo", data={**_hidden(refused.text), **typed, "luogo": "Malpensata"}
    )
    sent = await coordinator.send(
        refused, {**typed, "phone": "035 000000", "place_id": "bg-malpensata-01", "luogo": ""}, COMPLETE
    )

    assert kept.id in listed.text
    assert "fermo" not in listed.text
    assert "ascensore-vecchio" in page.text
    assert "è fermo" in page.text
    assert refused.status_code == 422
    assert 'id="place_id-errore"' in refused.text
    assert 'id="phone-errore"' in refused.text
    assert 'value="abc"' in refused.text
    assert 'value="bg-malpensata' in searched.text
    assert sent.headers["location"] == f"/segnalazioni/{kept.id}"
    assert await service.context.load(REPORTS, kept.id) is not None
    report = await coordinator.open(f"/segnalazioni/{kept.id}")
    assert "Ascensore fermo" in report.text
    assert "è fermo" in report.text


async def test_an_item_is_added_to_the_report_of_its_code_with_its_photos(
    cases: UseCases, service: MemoryService, coordinator: Browser
) -> None:
    draft = Draft("ascensore", "bg-malpensata-01", "Fermo")
    about = (await cases.submissions.accept(await cases.submissions.judge(draft), uuid7(NOON))).report_id
    report = await service.context.load(REPORTS, about)
    assert report is not None
    kept = await cases.waiting.keep(replace(by_mail(), about=about, reasons=("unknown-sender",)))
    await cases.photos.add(kept.id, file_of(picture()), Author.TENANT)
    page = await coordinator.open(f"{LIST}/{kept.id}")

    refused = await coordinator.send(page, {"codice": "niente", "testo": "Perde acqua"}, ATTACH)
    added = {"codice": report.tracking_code, "testo": "Perde acqua"}
    sent = await coordinator.send(refused, added, ATTACH)
    again = await coordinator.send(refused, added, ATTACH)

    [entry] = await cases.entries.read(about, EntryKind.INFORMATION)
    assert report.tracking_code in page.text
    assert 'id="codice-errore"' in refused.text
    assert [one.headers["location"] for one in (sent, again)] == [f"/segnalazioni/{about}"] * 2
    assert entry.text == "Perde acqua"
    assert len(await cases.photos.of(about)) == 1
    assert (await coordinator.open(LIST)).text.count(kept.id) == 0


async def test_an_item_is_discarded_with_a_reason_only(cases: UseCases, coordinator: Browser) -> None:
    kept = await cases.waiting.keep(by_mail())
    page = await coordinator.open(f"{LIST}/{kept.id}")

    refused = await coordinator.send(page, {}, DISCARD)
    sent = await coordinator.send(refused, {"motivo": "spam"}, DISCARD)

    assert 'id="motivo-errore"' in refused.text
    assert sent.headers["location"] == LIST
    assert (await coordinator.send(page, {"category": "ascensore"}, COMPLETE)).status_code == 409


async def test_an_operator_opens_what_they_took_down_and_nothing_of_a_colleague(
    cases: UseCases, service: MemoryService
) -> None:
    kept = await cases.waiting.keep(by_phone())
    own, other = await log_in(service, SECRET, ADA), await log_in(service, SECRET, BRUNO)

    seen = [(await one.open(f"{LIST}/{kept.id}")).status_code for one in (own, other)]
    listed = [kept.id in (await one.open(LIST)).text for one in (own, other)]

    assert (seen, listed) == ([200, 403], [True, False])
    for one in (own, other):
        await one.http.aclose()


def _hidden(text: str) -> dict[str, str]:
    return dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', text))
