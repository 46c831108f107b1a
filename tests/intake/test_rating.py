"""A tenant says how it went: once for each closing, changeable for 30 days; routing's topic has the score, staff the sentence."""

from datetime import timedelta

import httpx
import pytest
from tests.intake.browsing import Page
from tests.intake.conftest import NOON, SECRET
from tests.intake.desk import log_in

from chassis.errors import Refused
from chassis.ids import uuid7
from chassis.testing import MemoryService
from contracts.intake import ReportRated
from contracts.routing import CaseReopened, CaseResolved
from intake.adapters.mail_addresses import is_address
from intake.app.readings import Reader
from intake.app.use_cases import UseCases, use_cases
from intake.domain.drafts import Draft
from intake.domain.ratings import RATEABLE, closing_of
from intake.handlers.documents import ENTRIES, REPORTS

LIFT = Draft("ascensore", "bg-malpensata-01", "È fermo")
SENTENCE = "Molto gentili, ma tre settimane sono tante"


@pytest.fixture
def cases(service: MemoryService) -> UseCases:
    """The use cases of the service."""
    return use_cases(service.context, SECRET, is_address)


@pytest.fixture
async def closed(service: MemoryService, cases: UseCases) -> str:
    """An anonymous report that was closed at noon."""
    made = await cases.submissions.accept(await cases.submissions.judge(LIFT), uuid7(NOON))
    await service.event(CaseResolved(report_id=made.report_id, outcome="solved"))
    return made.report_id


async def seen_by_tenant(client: httpx.AsyncClient, cases: UseCases, report_id: str) -> Page:
    code, pin = cases.codes.code(report_id), cases.codes.pin(report_id)
    return await (await Page.open(client, "/stato")).send({"code": code, "pin": pin})


async def ratings(service: MemoryService) -> list[int]:
    return [one.score for one in await service.published() if isinstance(one, ReportRated)]


async def score_of(service: MemoryService, report_id: str) -> int | None:
    report = await service.document(REPORTS, report_id)
    assert report is not None
    closing = closing_of(report)
    return None if closing is None else closing.score


async def test_a_tenant_answers_on_the_status_page_and_changes_it(
    client: httpx.AsyncClient, service: MemoryService, cases: UseCases, closed: str
) -> None:
    page = await seen_by_tenant(client, cases, closed)
    missing = await page.send({"score": "", "sentence": SENTENCE})
    done = await missing.send({"score": "4"})
    changed = await (await Page.open(client, "/stato/giudizio")).send({"score": "2", "sentence": ""})

    assert missing.status == 422
    assert missing.form("score").values["sentence"] == SENTENCE
    assert "<strong>Bene</strong>" in done.text
    assert "<strong>Male</strong>" in changed.text
    assert await ratings(service) == [4, 2]
    assert SENTENCE not in str(await service.store.query(ENTRIES.name, {}))
    stored = await service.document(ENTRIES, closed)
    assert stored is not None
    assert stored.entries == ()  # the sentence was taken back with the change


async def test_staff_reads_score_and_sentence_beside_the_report(
    service: MemoryService, cases: UseCases, closed: str
) -> None:
    await cases.ratings.rate(closed, uuid7(NOON), "3", SENTENCE)
    ada = await log_in(service, SECRET, Reader("ada", frozenset({"operator"}), "Ada Prova"))
    page = await ada.open(f"/segnalazioni/{closed}/scheda")
    await ada.http.aclose()

    assert "Così così (3 su 5)" in page.text
    assert SENTENCE in page.text


async def test_the_same_answer_is_one_fact_and_another_sentence_is_none(
    service: MemoryService, cases: UseCases, closed: str
) -> None:
    first = uuid7(NOON)
    again = [await cases.ratings.rate(closed, first, "5", SENTENCE) for _ in range(2)]
    await cases.ratings.rate(closed, uuid7(NOON), "5", "Anzi, tutto bene")

    report = await service.document(REPORTS, closed)
    assert report is not None
    closing = closing_of(report)
    assert closing is not None
    assert again == [False, True]
    assert await ratings(service) == [5]
    assert await cases.ratings.sentence(closed, closing) == "Anzi, tutto bene"
    with pytest.raises(Refused, match="id-reused"):
        await cases.ratings.rate(closed, first, "1", SENTENCE)


async def test_a_report_that_is_closed_again_is_asked_again(
    service: MemoryService, cases: UseCases, closed: str
) -> None:
    await cases.ratings.rate(closed, uuid7(NOON), "1", SENTENCE)
    service.now += timedelta(days=1)
    await service.event(CaseReopened(report_id=closed, route="operator", operator="op-1", due_at=service.now))
    with pytest.raises(Refused, match="not-rateable"):
        await cases.ratings.rate(closed, uuid7(NOON), "5", "")
    await service.event(CaseResolved(report_id=closed, outcome="handed-off"))

    unrated = await score_of(service, closed)
    service.now += timedelta(days=1)
    await cases.ratings.rate(closed, uuid7(NOON), "1", "Adesso va")

    stored = await service.document(ENTRIES, closed)
    assert unrated is None
    assert await score_of(service, closed) == 1
    assert await ratings(service) == [1, 1]
    assert stored is not None
    assert len(stored.entries) == 2  # each closing has its own sentence


@pytest.mark.parametrize(
    ("after", "is_possible"), [(RATEABLE, True), (RATEABLE + timedelta(seconds=1), False)]
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
    form = await Page.open(client, "/stato/giudizio")

    assert ('name="score"' in page.text) is is_possible
    assert ('name="score"' in form.text) is is_possible
    if not is_possible:
        with pytest.raises(Refused, match="not-rateable"):
            await cases.ratings.rate(closed, uuid7(NOON), "5", "")
    assert await ratings(service) == []


async def test_without_the_csrf_token_nothing_is_rated(
    client: httpx.AsyncClient, service: MemoryService, cases: UseCases, closed: str
) -> None:
    await seen_by_tenant(client, cases, closed)

    answer = await client.post("/stato/giudizio", data={"command_id": uuid7(NOON), "score": "5"})

    assert answer.status_code == 403
    assert await ratings(service) == []
