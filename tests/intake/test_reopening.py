"""A tenant reopens a closed report within 30 days: once, with an encrypted reason, and routing is told."""

from datetime import timedelta

import httpx
import pytest
from tests.intake.browsing import Page
from tests.intake.conftest import NOON, SECRET

from chassis.errors import Refused
from chassis.ids import uuid7
from chassis.testing import MemoryService
from contracts.intake import ReportReopened
from contracts.routing import CaseReopened, CaseResolved
from intake.adapters.mail_addresses import is_address
from intake.app.use_cases import UseCases, use_cases
from intake.domain.drafts import Draft
from intake.domain.entries import EntryKind
from intake.domain.reports import REOPENABLE, REOPENED, Status
from intake.handlers.documents import ENTRIES, REPORTS

LIFT = Draft("ascensore", "bg-malpensata-01", "È fermo")


@pytest.fixture
def cases(service: MemoryService) -> UseCases:
    """The use cases of the service."""
    return use_cases(service.context, SECRET, is_address)


@pytest.fixture
async def closed(service: MemoryService, cases: UseCases) -> str:
    """A report that was closed at noon."""
    made = await cases.submissions.accept(await cases.submissions.judge(LIFT), uuid7(NOON))
    await service.event(CaseResolved(report_id=made.report_id, outcome="solved"))
    return made.report_id


async def seen_by_tenant(client: httpx.AsyncClient, cases: UseCases, report_id: str) -> Page:
    code, pin = cases.codes.code(report_id), cases.codes.pin(report_id)
    return await (await Page.open(client, "/stato")).send({"code": code, "pin": pin})


async def reopenings(service: MemoryService) -> list[ReportReopened]:
    return [one for one in await service.published() if isinstance(one, ReportReopened)]


async def test_a_tenant_reopens_a_report_and_sees_that_it_is_open_again(
    client: httpx.AsyncClient, service: MemoryService, cases: UseCases, closed: str
) -> None:
    service.now += timedelta(days=3)
    page = await seen_by_tenant(client, cases, closed)
    form = await Page.open(client, "/stato/riapri")
    empty = await form.send({"reason": " "})
    done = await empty.send({"reason": "È di nuovo fermo al secondo piano"})

    [entry] = await cases.entries.read(closed, EntryKind.REOPENING)
    report = await service.document(REPORTS, closed)
    assert "/stato/riapri" in page.text
    assert empty.status == 422
    assert "La segnalazione è riaperta" in done.text
    assert report is not None
    assert (report.status, report.outcome, report.history[-1].what) == (Status.REGISTERED, None, REOPENED)
    assert entry.text == "È di nuovo fermo al secondo piano"
    assert await reopenings(service) == [ReportReopened(report_id=closed, closed_at=NOON)]
    assert "secondo piano" not in str(await service.store.query(ENTRIES.name, {}))


async def test_the_same_reopening_again_is_one_and_another_has_to_wait_for_a_closing(
    service: MemoryService, cases: UseCases, closed: str
) -> None:
    first = uuid7(NOON)
    again = [await cases.reopenings.reopen(closed, first, "Non va") for _ in range(2)]

    assert again == [False, True]
    assert len(await reopenings(service)) == 1
    with pytest.raises(Refused, match="not-reopenable"):
        await cases.reopenings.reopen(closed, uuid7(NOON), "Non va")


async def test_the_office_that_takes_it_again_is_shown_with_the_new_date(
    service: MemoryService, cases: UseCases, closed: str
) -> None:
    await cases.reopenings.reopen(closed, uuid7(NOON), "Non va")
    due = NOON + timedelta(days=9)
    await service.event(CaseReopened(report_id=closed, route="operator", operator="op-1", due_at=due))
    await service.event(CaseResolved(report_id=closed, outcome="no-fault-found"))

    report = await service.document(REPORTS, closed)
    assert report is not None
    assert [step.what for step in report.history] == ["closed", "reopened", "in-charge", "closed"]
    assert report.history[2].due_at == due


@pytest.mark.parametrize(
    ("after", "is_possible"), [(REOPENABLE, True), (REOPENABLE + timedelta(seconds=1), False)]
)
async def test_thirty_days_after_the_closing_it_is_too_late(
    after: timedelta,
    is_possible: bool,
    client: httpx.AsyncClient,
    service: MemoryService,
    cases: UseCases,
    closed: str,
) -> None:
    service.now += after
    page = await seen_by_tenant(client, cases, closed)

    assert ("/stato/riapri" in page.text) is is_possible
    if is_possible:
        assert not await cases.reopenings.reopen(closed, uuid7(NOON), "Non va")
    else:
        with pytest.raises(Refused, match="not-reopenable"):
            await cases.reopenings.reopen(closed, uuid7(NOON), "Non va")


async def test_an_open_and_a_withdrawn_report_are_not_reopened(cases: UseCases) -> None:
    made = await cases.submissions.accept(await cases.submissions.judge(LIFT), uuid7(NOON))
    for _ in range(2):
        with pytest.raises(Refused, match="not-reopenable"):
            await cases.reopenings.reopen(made.report_id, uuid7(NOON), "Non va")
        await cases.withdrawals.withdraw(made.report_id, "mistake")


async def test_without_the_csrf_token_nothing_is_reopened(
    client: httpx.AsyncClient, service: MemoryService, cases: UseCases, closed: str
) -> None:
    await seen_by_tenant(client, cases, closed)

    answer = await client.post("/stato/riapri", data={"command_id": uuid7(NOON), "reason": "x"})

    assert answer.status_code == 403
    assert await reopenings(service) == []
