"""Notify on a store in memory: from an event to a mail and to the event about it."""

from datetime import UTC, datetime
from typing import Any

import pytest

from chassis.errors import Unavailable
from chassis.transaction.inputs import Result
from contracts.intake import ReportRegistered, ReportWithdrawn
from contracts.routing import CaseResolved
from notify.domain.letters import Contact

REPORT = "0190a000-0000-7000-8000-000000000001"
REGISTERED = ReportRegistered(
    report_id=REPORT,
    category="muffa",
    kind="technical",
    urgency="u",
    place_id="bg-monterosso",
    neighbourhood="monterosso",
    province="bergamo",
    channel="web",
    language="it",
    heard_at=datetime(2026, 11, 23, 8, tzinfo=UTC),
)
OPERATOR = {"Authorization": "Bearer op"}


async def messages(service: Any) -> list[Any]:
    answer = await service.http.get("/v1/messages", params={"report_id": REPORT}, headers=OPERATOR)
    rows: list[Any] = answer.json()
    return rows


async def published(service: Any) -> list[str]:
    return [row["type"] for row in await service.store.query("outbox", {}, [("sequence", 1)])]


async def test_an_event_causes_one_mail_and_one_event(service: Any) -> None:
    service.contacts.known[REPORT] = Contact("maria@example.org", "Maria Esempio")

    await service.event(REGISTERED, id="event-1")
    await service.run_jobs()

    [message] = await messages(service)
    assert (message["template"], message["status"], message["language"]) == ("report-received", "sent", "it")
    assert [mail["X-Ascolto-Message"] for mail in service.mailer.taken] == [message["message_id"]]
    assert await published(service) == ["message-sent.v1"]


async def test_the_same_fact_under_another_id_sends_no_second_mail(service: Any) -> None:
    service.contacts.known[REPORT] = Contact("maria@example.org")
    await service.event(REGISTERED, id="event-1")
    await service.run_jobs()

    again = await service.event(REGISTERED, id="event-2")
    await service.run_jobs()

    assert again.result is Result.IGNORED
    assert len(service.mailer.taken) == 1


async def test_events_about_one_report_are_in_sequence(service: Any) -> None:
    await service.event(REGISTERED, id="event-1")
    await service.event(CaseResolved(report_id=REPORT, outcome="solved"), id="event-2")
    await service.run_jobs()

    rows = await service.store.query("outbox", {}, [("sequence", 1)])
    assert [(row["sequence"], row["type"]) for row in rows] == [
        (1, "message-suppressed.v1"),
        (2, "message-suppressed.v1"),
    ]


async def test_a_message_that_could_not_be_sent_is_still_pending(service: Any) -> None:
    service.contacts.is_up = False
    await service.event(REGISTERED, id="event-1")

    with pytest.raises(Unavailable):
        await service.run_jobs()

    assert [row["status"] for row in await messages(service)] == ["pending"]


async def test_an_ignored_event_sends_no_mail(service: Any) -> None:
    outcome = await service.event(ReportWithdrawn(report_id=REPORT, reason="other"), id="event-1")

    assert outcome.result is Result.IGNORED
    assert await messages(service) == []


async def test_no_personal_data_are_stored(service: Any) -> None:
    service.contacts.known[REPORT] = Contact("maria@example.org", "Maria Esempio")
    await service.event(REGISTERED, id="event-1")
    waiting = repr(service.store.tables)
    await service.run_jobs()

    assert "maria" not in (waiting + repr(service.store.tables)).lower()


async def test_only_staff_sees_messages(service: Any) -> None:
    stranger = await service.http.get("/v1/messages")
    officer = await service.http.get("/v1/messages", headers={"Authorization": "Bearer of"})
    wrong = await service.http.get("/v1/messages", params={"report_id": "x"}, headers=OPERATOR)

    assert (stranger.status_code, officer.status_code, wrong.status_code) == (401, 403, 422)
