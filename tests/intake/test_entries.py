"""What is added to a report: who may add what, how much, and that it is encrypted."""

from collections.abc import Awaitable, Callable

import pytest
from tests.intake.conftest import NOON, SECRET

from chassis.errors import Refused
from chassis.ids import uuid7
from chassis.store.memory import MemoryStore
from chassis.testing import MemoryService
from contracts.intake import ReportAmended
from contracts.routing import CaseResolved
from intake.adapters.mail_addresses import is_address
from intake.app.entries import NewEntry, ReportEntries
from intake.app.use_cases import UseCases, use_cases
from intake.domain.drafts import Draft
from intake.domain.entries import MOST, Author, EntryKind
from intake.handlers.documents import ENTRIES, PRIVATE, REPORTS

Change = Callable[[MemoryService, UseCases, str], Awaitable[object]]


@pytest.fixture
def cases(service: MemoryService) -> UseCases:
    """The use cases of the service."""
    return use_cases(service.context, SECRET, is_address)


@pytest.fixture
def entries(cases: UseCases) -> ReportEntries:
    """The entries of all reports."""
    return cases.entries


@pytest.fixture
async def report_id(cases: UseCases) -> str:
    """A registered report."""
    draft = Draft("ascensore", "bg-malpensata-01", "È fermo")
    return (await cases.submissions.accept(await cases.submissions.judge(draft), uuid7(NOON))).report_id


def information(text: str = "Adesso perde acqua", id: str = "") -> NewEntry:  # noqa: A002
    return NewEntry(id or uuid7(NOON), EntryKind.INFORMATION, Author.TENANT, text)


def note(text: str = "Ho telefonato") -> NewEntry:
    return NewEntry(uuid7(NOON), EntryKind.NOTE, Author.STAFF, text, "ada-esempio", {"name": "Ada Esempio"})


async def test_information_is_kept_encrypted_and_published_as_a_code(
    entries: ReportEntries, service: MemoryService, report_id: str
) -> None:
    known = await entries.add(report_id, information())

    [entry] = await entries.read(report_id, EntryKind.INFORMATION)
    amended = [event for event in await service.published() if isinstance(event, ReportAmended)]
    assert not known
    assert (entry.text, entry.by, entry.at) == ("Adesso perde acqua", Author.TENANT, NOON)
    assert amended == [ReportAmended(report_id=report_id, what=("information",))]
    assert "acqua" not in str(await service.store.query(ENTRIES.name, {}))


async def test_the_same_information_again_is_one_entry_and_another_text_is_refused(
    entries: ReportEntries, service: MemoryService, report_id: str
) -> None:
    first = information()
    await entries.add(report_id, first)

    again = await entries.add(report_id, first)
    await service.store.drop("inbox")  # what its time to live removes
    later = await entries.add(report_id, first)

    assert (again, later) == (True, True)
    assert len(await entries.read(report_id, EntryKind.INFORMATION)) == 1
    with pytest.raises(Refused, match="id-reused"):
        await entries.add(report_id, information("Un'altra cosa", first.id))


async def test_a_note_is_not_published_and_keeps_its_writer(
    entries: ReportEntries, service: MemoryService, report_id: str
) -> None:
    before = await service.published()
    await entries.add(report_id, note())

    [entry] = await entries.read(report_id, EntryKind.NOTE)
    assert (entry.subject, entry.fields) == ("ada-esempio", {"text": "Ho telefonato", "name": "Ada Esempio"})
    assert await service.published() == before
    assert await entries.read(report_id, EntryKind.INFORMATION) == []


async def closed(service: MemoryService, _: UseCases, report_id: str) -> None:
    await service.event(CaseResolved(report_id=report_id, outcome="solved"))


async def withdrawn(_: MemoryService, cases: UseCases, report_id: str) -> None:
    await cases.withdrawals.withdraw(report_id, "mistake")


@pytest.mark.parametrize("end", [closed, withdrawn])
async def test_an_ended_report_takes_notes_only(
    end: Change, cases: UseCases, service: MemoryService, report_id: str
) -> None:
    await end(service, cases, report_id)

    with pytest.raises(Refused, match="report-ended"):
        await cases.entries.add(report_id, information())
    await cases.entries.add(report_id, note())


async def test_the_last_information_of_twenty_is_the_last(entries: ReportEntries, report_id: str) -> None:
    for number in range(MOST[EntryKind.INFORMATION]):
        await entries.add(report_id, information(f"numero {number}"))

    with pytest.raises(Refused, match="too-many-entries"):
        await entries.add(report_id, information())
    await entries.add(report_id, note())


@pytest.mark.parametrize(
    ("text", "slug"), [(" \n", "information-missing"), ("a" * 4001, "information-too-long")]
)
async def test_a_text_is_judged_like_a_description(
    text: str, slug: str, entries: ReportEntries, report_id: str
) -> None:
    with pytest.raises(Refused, match=slug):
        await entries.add(report_id, information(text))


async def test_an_erased_report_takes_and_shows_no_text(
    entries: ReportEntries, store: MemoryStore, report_id: str
) -> None:
    await entries.add(report_id, information())
    row = await store.get(PRIVATE.name, report_id)
    assert row is not None
    row["state"]["key"] = b""
    session = await store.session()
    await session.transact(lambda tx: tx.replace(PRIVATE.name, [({"_id": report_id}, row)]))

    [entry] = await entries.read(report_id, EntryKind.INFORMATION)
    assert (entry.text, entry.at) == (None, NOON)
    with pytest.raises(Refused, match="report-erased"):
        await entries.add(report_id, information())


async def test_the_texts_of_two_entries_cannot_be_exchanged(
    entries: ReportEntries, service: MemoryService, report_id: str
) -> None:
    for text in ("una", "due"):
        await entries.add(report_id, information(text))
    row = await service.store.get(ENTRIES.name, report_id)
    assert row is not None
    one, two = row["state"]["entries"]
    one["fields"], two["fields"] = two["fields"], one["fields"]
    session = await service.store.session()
    await session.transact(lambda tx: tx.replace(ENTRIES.name, [({"_id": report_id}, row)]))

    assert [entry.text for entry in await entries.read(report_id, EntryKind.INFORMATION)] == [None, None]


async def test_a_report_that_does_not_exist_has_no_entries(entries: ReportEntries) -> None:
    assert await entries.read(uuid7(NOON), EntryKind.INFORMATION) == []
    with pytest.raises(Refused, match="no-such-report"):
        await entries.add(uuid7(NOON), information())


async def test_a_report_of_the_previous_build_has_its_present_status_as_its_history(
    service: MemoryService, report_id: str
) -> None:
    row = await service.store.get(REPORTS.name, report_id)
    assert row is not None
    row["schema"] = 2
    row["state"].pop("history")
    row["state"] |= {"status": "in-charge", "route": "operator", "due_at": NOON}
    session = await service.store.session()
    await session.transact(lambda tx: tx.replace(REPORTS.name, [({"_id": report_id}, row)]))

    report = await service.document(REPORTS, report_id)

    assert report is not None
    [step] = report.history
    assert (step.what, step.at, step.route, step.due_at) == ("in-charge", NOON, "operator", NOON)
