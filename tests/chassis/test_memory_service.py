"""The service in memory that tests of services stand on: what it runs and what it shows."""

from collections.abc import AsyncIterator, Sequence
from datetime import timedelta

import pytest
from fastapi import APIRouter, Depends
from tests.chassis.ledger import (
    NOW,
    PAGES,
    REACTIONS,
    Page,
    Print,
    Remind,
    WriteLine,
    opened,
    registered,
    report_id,
)

from chassis.errors import Refused, Unavailable
from chassis.service import Plan, ServiceContext
from chassis.testing import MemoryService
from chassis.transaction.inputs import Result
from contracts.routing import CaseResolved

REPORT = report_id(1)


def routers(context: ServiceContext) -> Sequence[APIRouter]:
    router = APIRouter()

    @router.get("/pages", dependencies=[Depends(context.require("operator"))])
    async def pages() -> int:
        return len(await context.list(PAGES))

    return (router,)


@pytest.fixture
async def service() -> AsyncIterator[MemoryService]:
    printed: list[str] = []

    async def print_page(job: Print, attempt: int) -> WriteLine:
        printed.append(f"{job.report_id} {attempt}")
        return WriteLine(job.report_id, "printed")

    plan = Plan("ledger", REACTIONS, (PAGES,), routers, workers={Print: print_page})
    async with MemoryService(plan, NOW) as made:
        yield made


async def test_a_command_is_answered_and_its_events_are_read_as_events(service: MemoryService) -> None:
    answer = await service.command(WriteLine(REPORT, "one"), id="c1", key=REPORT)
    with pytest.raises(Refused):
        await service.command(WriteLine(REPORT, "refuse"), id="c2", key=REPORT)

    assert answer.body == {"lines": 1}
    assert await service.document(PAGES, REPORT) == Page(REPORT, ("one",))
    assert await service.published() == [CaseResolved(report_id=REPORT, outcome="one")]


async def test_an_event_is_handled_once_and_its_timer_fires_when_due(service: MemoryService) -> None:
    first, second = [await service.event(registered(1)) for _ in range(2)]
    early = await service.event(opened(2))
    await service.fire_timers()
    assert await service.timers() == [Remind(REPORT)]
    service.now = NOW + timedelta(hours=1)
    await service.fire_timers()

    assert (first.result, second.result, early.result) == (Result.DONE, Result.AGAIN, Result.EARLY)
    assert await service.timers() == []
    assert await service.documents(PAGES) == [Page(REPORT, ("lift", "reminded at 10:30"))]


async def test_the_body_of_a_timer_is_handled_as_of_its_time(service: MemoryService) -> None:
    await service.event(registered(1))

    outcome = await service.timer(Remind(REPORT), key=REPORT, due=NOW)

    assert outcome.result is Result.DONE
    assert await service.document(PAGES, REPORT) == Page(REPORT, ("lift", "reminded at 09:30"))


async def test_jobs_run_and_their_results_are_handled_once(service: MemoryService) -> None:
    await service.event(registered(1))

    await service.run_jobs()
    await service.run_jobs()

    assert await service.document(PAGES, REPORT) == Page(REPORT, ("lift", "printed"))
    with pytest.raises(LookupError):
        await service.job_result("unknown", None)


async def test_a_client_has_the_role_that_is_its_token(service: MemoryService) -> None:
    async with service.client("operator") as operator, service.client("officer") as officer:
        answers = [await one.get("/pages") for one in (operator, officer, service.http)]

    assert [one.status_code for one in answers] == [200, 403, 401]


async def test_an_audit_row_is_written_once_and_read_newest_first(service: MemoryService) -> None:
    first = await service.context.audit("ada", "look", {"report_id": REPORT}, id="one")
    service.now += timedelta(minutes=1)
    again = await service.context.audit("ada", "look", {"report_id": REPORT}, id="one")
    other = await service.context.audit("bea", "look", {"report_id": REPORT})
    rows = await service.context.audited({"details.report_id": REPORT})

    assert (first, again, other) == (True, False, True)
    assert [(row["by"], row["at"]) for row in rows] == [("bea", service.now), ("ada", NOW)]


async def test_an_audit_row_that_is_not_written_is_no_permission(service: MemoryService) -> None:
    async def nothing_inserted(collection: str, documents: object) -> int:
        return 0

    service.store.insert_missing = nothing_inserted  # type: ignore[method-assign]

    with pytest.raises(Unavailable):
        await service.context.audit("ada", "look", {}, id="one")
