"""How the reporter says that it went is kept with the case, one score for each closing, and the case page shows it."""

from datetime import timedelta

import httpx
from tests.routing.conftest import NOW
from tests.routing.test_case_pages import PAGE, ada, case_of, read
from tests.routing.test_pages import REPORT, browser, web

from chassis.testing import MemoryService
from contracts.intake import ReportRated
from routing.domain.cases import Outcome
from routing.domain.history import Staff
from routing.handlers.documents import CASES
from routing.handlers.reopen_case import ReopenCase
from routing.handlers.resolve_case import ResolveCase

__all__ = ["ada", "browser", "web"]  # fixtures
ADA = Staff("ada-esempio", "Ada Esempio")


async def rate(service: MemoryService, id_: str, score: int, hours: int = 0, report_id: str = REPORT) -> None:
    """Somebody rates the closing that was so many hours after the first."""
    closed_at = NOW + timedelta(days=1, hours=hours)
    await service.event(ReportRated(report_id=report_id, score=score, closed_at=closed_at), id=id_)


async def test_each_closing_keeps_its_last_score_and_a_reopened_case_has_none(
    ada: httpx.AsyncClient, service: MemoryService
) -> None:
    service.now = NOW + timedelta(days=1)
    await service.command(ResolveCase(REPORT, Outcome.SOLVED), id="resolve", key=REPORT)
    await rate(service, "first", 2)
    await rate(service, "changed", 4)
    rated = await case_of(service)
    page = read(await ada.get(PAGE))

    assert ([one.score for one in rated.ratings], rated.score) == ([4], 4)
    assert "Il giudizio di chi ha segnalato Bene (4 su 5)" in page
    assert "Chi ha segnalato ha detto com'è andata" in page

    service.now = NOW + timedelta(days=2)
    await service.command(ReopenCase(REPORT, ADA), id="reopen", key=REPORT)
    assert (await case_of(service)).score is None
    await rate(service, "again", 5, hours=48)
    after = await case_of(service)
    assert ([one.score for one in after.ratings], after.score) == ([4, 5], 5)


async def test_a_rating_of_a_report_without_a_case_changes_nothing(service: MemoryService) -> None:
    before = await service.documents(CASES)

    await rate(service, "unknown", 3, report_id="0190a000-0000-7000-8000-999999999999")

    assert await service.documents(CASES) == before
