"""Notes and answers of the staff, and what of them a reader gets."""

from dataclasses import replace
from datetime import timedelta

import pytest
from tests.intake.conftest import NOON, SECRET

from chassis.errors import Refused
from chassis.ids import uuid7
from chassis.testing import MemoryService
from contracts.routing import CaseResolved
from intake.adapters.mail_addresses import is_address
from intake.app.readings import Reader
from intake.app.use_cases import UseCases, use_cases
from intake.domain.answers import is_current
from intake.domain.drafts import Contact, Draft
from intake.domain.phones import dialable
from intake.domain.readers import Part
from intake.domain.reports import Step
from intake.handlers.documents import REPORTS

ADA = Reader("ada-esempio", frozenset({"operator"}), "Ada Esempio")
OFFICER = Reader("dino-prova", frozenset({"officer"}), "Dino Prova")
DRAFT = Draft("ascensore", "bg-malpensata-01", "È fermo", "ar", contact=Contact("Bruno", None, "035 000000"))


@pytest.fixture
def cases(service: MemoryService) -> UseCases:
    """The use cases of the service."""
    return use_cases(service.context, SECRET, is_address)


@pytest.fixture
async def report_id(cases: UseCases) -> str:
    """A registered report."""
    return (await cases.submissions.accept(await cases.submissions.judge(DRAFT), uuid7(NOON))).report_id


async def test_a_note_has_its_writer_and_is_read_with_the_report(cases: UseCases, report_id: str) -> None:
    note_id = uuid7(NOON)

    known = [await cases.notes.add(report_id, ADA, note_id, "Ho telefonato") for _ in range(2)]

    dossier = await cases.readings.open(report_id, ADA, Part.FRAGMENT)
    [note] = dossier.notes
    assert known == [False, True]
    assert (note.text, note.subject, note.fields) == (
        "Ho telefonato",
        "ada-esempio",
        {"text": "Ho telefonato", "name": "Ada Esempio"},
    )
    assert dossier.content is not None
    assert dossier.content.text == "È fermo"


async def test_the_last_answer_counts(service: MemoryService, cases: UseCases, report_id: str) -> None:
    for text in ("Veniamo domani", "Siamo venuti"):
        await cases.answers.write(report_id, ADA, uuid7(NOON), text)
        service.now += timedelta(minutes=1)
    await service.event(CaseResolved(report_id=report_id, outcome="solved"))

    report = await service.document(REPORTS, report_id)
    assert report is not None
    current = await cases.answers.current(report)

    assert current is not None
    assert current.text == "Siamo venuti"


async def test_an_answer_of_a_former_closing_does_not_count(
    service: MemoryService, cases: UseCases, report_id: str
) -> None:
    await cases.answers.write(report_id, ADA, uuid7(NOON), "Fatto")
    report = await service.document(REPORTS, report_id)
    assert report is not None

    reopened = replace(report, history=(*report.history, Step("reopened", NOON + timedelta(days=1))))

    assert is_current(report, NOON)
    assert await cases.answers.current(reopened) is None


async def test_a_withdrawn_report_gets_no_answer(cases: UseCases, report_id: str) -> None:
    await cases.withdrawals.withdraw(report_id, "mistake")

    with pytest.raises(Refused, match="report-ended"):
        await cases.answers.write(report_id, ADA, uuid7(NOON), "Fatto")


async def test_an_officer_writes_nothing_to_a_report_that_he_may_not_read(
    service: MemoryService, cases: UseCases, report_id: str
) -> None:
    for write in (cases.notes.add, cases.answers.write):
        with pytest.raises(Refused, match="not-your-report"):
            await write(report_id, OFFICER, uuid7(NOON), "testo")

    assert await service.store.count("entries", {}) == 0


async def test_a_report_for_the_same_household_has_its_place_and_contact(
    service: MemoryService, cases: UseCases, report_id: str
) -> None:
    draft = await cases.households.prefill(report_id, ADA)
    full = replace(draft, category="pulizia", description="Le scale sono sporche")
    new_id = uuid7(NOON)

    judged = await cases.submissions.judge(full)
    first = await cases.households.register(judged, new_id, ADA, "the session of Ada")
    again = await cases.households.register(judged, new_id, ADA, "the session of Ada")

    report = await service.document(REPORTS, new_id)
    receipt = await cases.receipts.take(new_id, ADA)
    [row] = await service.context.audited({"action": "read-report"})
    assert (draft.place_id, draft.contact, draft.language) == (DRAFT.place_id, DRAFT.contact, "ar")
    assert (row["details"]["report_id"], row["details"]["part"]) == (report_id, "contact")
    assert report is not None
    assert (report.channel, report.tracking_code) == ("operator", receipt.tracking_code)
    assert (first.known, again.known, receipt) == (False, True, first.receipt)


async def test_the_id_of_a_tenants_report_shows_nobody_its_pin(cases: UseCases, report_id: str) -> None:
    judged = await cases.submissions.judge(replace(DRAFT, channel="web"))

    submitted = await cases.households.register(judged, report_id, ADA, "the session of Ada")

    assert submitted.receipt is None
    with pytest.raises(Refused, match="no-such-receipt"):
        await cases.receipts.take(report_id, ADA)


@pytest.mark.parametrize(
    ("written", "dialled"),
    [
        ("035/12 34 56 int. 3", "035123456"),
        ("+39 (035) 12-34-56", "+39035123456"),
        ("035 123456, interno 12", "035123456"),
    ],
)
def test_a_phone_number_is_dialled_without_its_extension(written: str, dialled: str) -> None:
    assert dialable(written) == dialled
