"""Corrections by the desk: published as codes, with what was there before kept encrypted, and never over a colleague's."""

from collections.abc import AsyncIterator

import pytest
from tests.intake.conftest import NOON, SECRET
from tests.intake.desk import Browser, log_in
from tests.intake.test_desk_pages import PEOPLE
from tests.intake.test_waiting import ADA, CLARA

from chassis.errors import Refused
from chassis.ids import uuid7
from chassis.testing import MemoryService
from contracts.intake import ReportCorrected
from contracts.routing import CaseCorrected, CaseResolved
from intake.adapters.mail_addresses import is_address
from intake.app.corrections import NewCorrection
from intake.app.use_cases import UseCases, use_cases
from intake.domain.drafts import Contact, Draft
from intake.handlers.documents import CORRECTIONS, REPORTS

DRAFT = Draft("pulizia", "bg-malpensata-01", "L'androne è sporco", contact=Contact("Ida Finta"))
MOVED = Draft("segnaletica", "bg-monterosso-01", "L'androne è sporco", contact=Contact("Ida Finta"))
PATH = "/segnalazioni"


@pytest.fixture
def cases(service: MemoryService) -> UseCases:
    """The use cases of the service."""
    return use_cases(service.context, SECRET, is_address)


async def register(cases: UseCases, draft: Draft = DRAFT) -> str:
    return (await cases.submissions.accept(await cases.submissions.judge(draft), uuid7(NOON))).report_id


def change(draft: Draft, seen: int = 0, reason: str = "wrong-category") -> NewCorrection:
    return NewCorrection(uuid7(NOON), seen, draft, reason)


async def corrected(service: MemoryService) -> list[ReportCorrected]:
    return [one for one in await service.published() if isinstance(one, ReportCorrected)]


async def test_a_moved_report_is_published_as_codes_and_its_history_is_encrypted(
    cases: UseCases, service: MemoryService
) -> None:
    report_id = await register(cases)
    new = change(MOVED)

    known = await cases.correcting.correct(report_id, ADA, new)
    await service.store.drop("inbox")  # what its time to live removes
    again = await cases.correcting.correct(report_id, ADA, new)

    report = await service.context.load(REPORTS, report_id)
    [event] = await corrected(service)
    [entry] = await cases.correcting.of(report_id)
    assert (known, again) == (False, True)
    assert report is not None
    assert (report.category, report.place_id) == ("segnaletica", "bg-monterosso-01")
    assert (event.category, event.neighbourhood, event.reason) == (
        "segnaletica",
        "monterosso",
        "wrong-category",
    )
    assert (entry.correction.by, entry.correction.category) == (ADA.subject, "pulizia")
    assert entry.before == {"category": "pulizia", "place": "bg-malpensata-01"}


async def test_a_corrected_text_stays_in_intake_with_what_it_was(
    cases: UseCases, service: MemoryService
) -> None:
    report_id = await register(cases)
    draft = Draft(
        "pulizia", "bg-malpensata-01", "La scala è sporca", contact=Contact("Ida Finta", phone="035 1")
    )
    draft = Draft(
        draft.category, draft.place_id, draft.description, contact=Contact("Ida", phone="035 000000")
    )

    await cases.correcting.correct(report_id, CLARA, change(draft, reason="more-known"))

    content = (await cases.contents.read(report_id)).content
    [entry] = await cases.correcting.of(report_id)
    assert content is not None
    assert (content.text, content.contact) == ("La scala è sporca", Contact("Ida", phone="035 000000"))
    assert content.heard == DRAFT.description
    assert entry.before == {"text": DRAFT.description, "name": "Ida Finta", "phone": ""}
    assert await corrected(service) == []
    assert "androne" not in str(await service.store.query(CORRECTIONS.name, {}))


async def test_frailty_that_was_not_known_makes_a_report_more_urgent(
    cases: UseCases, service: MemoryService
) -> None:
    report_id = await register(cases)
    draft = Draft("pulizia", "bg-malpensata-01", DRAFT.description, contact=DRAFT.contact, frail=True)

    await cases.correcting.correct(report_id, ADA, change(draft, reason="more-known"))

    [event] = await corrected(service)
    assert (event.category, event.urgency) == ("pulizia", "u")


async def test_what_cannot_be_corrected_is_refused_by_name(cases: UseCases, service: MemoryService) -> None:
    report_id, rent = (
        await register(cases),
        await register(cases, Draft("contributo-affitto", "bg-malpensata-01", "Affitto")),
    )
    await cases.correcting.correct(report_id, ADA, change(MOVED))
    refusals = {
        "corrected-meanwhile": (report_id, change(DRAFT)),
        "reason-missing": (report_id, change(DRAFT, 1, "boredom")),
        "nothing-changed": (report_id, change(MOVED, 1)),
        "contribution-category": (rent, change(Draft("pulizia", "bg-malpensata-01", "Affitto"))),
        "unknown-place": (report_id, change(Draft("pulizia", "nowhere", "Sporco"), 1)),
    }
    for slug, (id_, new) in refusals.items():
        with pytest.raises(Refused, match=slug):
            await cases.correcting.correct(id_, ADA, new)
    await service.event(CaseResolved(report_id=report_id, outcome="solved"))
    with pytest.raises(Refused, match="report-ended"):
        await cases.correcting.correct(report_id, ADA, change(DRAFT, 1))


async def test_the_tenant_sees_who_has_a_corrected_report_and_by_when(
    cases: UseCases, service: MemoryService
) -> None:
    report_id = await register(cases)
    await service.event(
        CaseCorrected(
            report_id=report_id,
            route="technical-office",
            operator=None,
            rule="technical",
            rules_version="1",
            urgency="n",
            neighbourhood="malpensata",
            contact_due_at=NOON,
            due_at=NOON,
        )
    )

    report = await service.context.load(REPORTS, report_id)
    assert report is not None
    assert (report.status, report.route, report.due_at) == ("in-charge", "technical-office", NOON)
    assert report.history[-1].what == "corrected"


@pytest.fixture
async def browser(service: MemoryService) -> AsyncIterator[Browser]:
    """The browser of an operator."""
    made = await log_in(service, SECRET, PEOPLE["operator"])
    yield made
    await made.http.aclose()


async def test_the_form_shows_errors_by_field_and_a_conflict_with_what_was_typed(
    cases: UseCases, browser: Browser
) -> None:
    report_id = await register(cases)
    page = await browser.open(f"{PATH}/{report_id}/correggi")
    typed = {"category": "segnaletica", "place_id": "bg-malpensata-01", "description": "Scritto adesso"}

    wrong = await browser.send(page, {**typed, "phone": "abc", "motivo": "wrong-category"})
    unexplained = await browser.send(page, typed)
    await cases.correcting.correct(report_id, ADA, change(MOVED))
    conflict = await browser.send(page, {**typed, "motivo": "wrong-category"})
    saved = await browser.send(conflict, {**typed, "motivo": "wrong-category"})
    report = await browser.open(f"{PATH}/{report_id}")

    assert "L&#39;androne" in page.text
    assert 'id="phone-errore"' in wrong.text
    assert 'id="motivo-errore"' in unexplained.text
    assert conflict.status_code == 409
    assert "Scritto adesso" in conflict.text
    assert saved.headers["location"] == f"{PATH}/{report_id}"
    assert len(await cases.correcting.of(report_id)) == 2
    assert "Correzioni" in report.text
    assert "Scritto adesso" in report.text
