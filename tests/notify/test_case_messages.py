"""A person is told each change of who looks after their case, each end and each reopening, and nothing twice."""

from datetime import UTC, datetime, timedelta
from typing import Any

from contracts.base import Event
from contracts.routing import (
    CaseHandedOff,
    CaseHeld,
    CaseOpened,
    CaseReassigned,
    CaseReopened,
    CaseResolved,
)
from notify.domain.letters import Contact
from notify.domain.messages import Thread
from notify.handlers.documents import MESSAGES, THREADS

REPORT = "0190a000-0000-7000-8000-000000000001"
DUE = datetime(2026, 12, 3, 9, tzinfo=UTC)


def opened(route: str = "operator") -> CaseOpened:
    return CaseOpened(
        report_id=REPORT,
        route=route,
        operator=None,
        rule="technical",
        rules_version="1",
        urgency="u",
        neighbourhood="monterosso",
        contact_due_at=DUE,
        due_at=DUE,
    )


def held() -> CaseHeld:
    return CaseHeld(
        report_id=REPORT,
        rule="social",
        rules_version="1",
        reason="nobody-eligible",
        urgency="s",
        neighbourhood="monterosso",
        due_at=DUE,
    )


def reassigned(route: str = "operator") -> CaseReassigned:
    return CaseReassigned(report_id=REPORT, route=route, operator="b", due_at=DUE, reason="absence")


def handed_off(route: str) -> CaseHandedOff:
    return CaseHandedOff(report_id=REPORT, route=route, reason="competence")


def reopened(days: int = 0) -> CaseReopened:
    return CaseReopened(report_id=REPORT, route="operator", operator="b", due_at=DUE + timedelta(days=days))


def resolved(outcome: str = "solved") -> CaseResolved:
    return CaseResolved(report_id=REPORT, outcome=outcome)


async def told(service: Any, *events: Event) -> list[str]:
    """The kinds of the messages after these events, in their order; every event is a record of its own."""
    service.contacts.known[REPORT] = Contact("anna@example.org")
    for number, event in enumerate(events):
        await service.event(event, id=f"event-{number}")
        await service.fire_timers()
        await service.run_jobs()
    return [mail["X-Ascolto-Template"] for mail in service.mailer.taken]


async def test_another_operator_of_the_same_route_is_not_told(service: Any) -> None:
    assert await told(service, opened(), reassigned()) == ["case-opened"]


async def test_an_operator_for_a_held_case_is_told(service: Any) -> None:
    assert await told(service, held(), reassigned()) == ["case-held", "case-handed-off"]


async def test_every_move_between_desks_is_told_also_back(service: Any) -> None:
    moves = [handed_off("technical-office"), handed_off("social-services"), handed_off("technical-office")]

    assert await told(service, opened(), *moves) == ["case-opened", *["case-handed-off"] * 3]


async def test_a_move_that_is_published_again_is_told_once(service: Any) -> None:
    move = handed_off("technical-office")

    assert await told(service, opened(), move, move) == ["case-opened", "case-handed-off"]


async def test_each_end_and_each_reopening_is_told_once(service: Any) -> None:
    rounds = [resolved(), resolved(), reopened(), reopened(), resolved(), reopened(), resolved("unfounded")]

    kinds = await told(service, opened(), *rounds)

    assert kinds == ["case-opened", *["case-resolved", "case-reopened"] * 2, "case-resolved"]
    assert len({message.message_id for message in await service.documents(MESSAGES)}) == 6


async def test_a_thread_of_the_previous_build_is_not_told_its_end_twice(service: Any) -> None:
    await told(service, opened(), resolved())
    row = await service.store.get(THREADS.name, REPORT)
    older = {name: value for name, value in row.items() if name != "schema"}
    older["state"] = {name: value for name, value in row["state"].items() if name not in ("route", "closed")}
    session = await service.store.session()
    await session.transact(lambda tx: tx.replace(THREADS.name, [({"_id": REPORT}, older)]))

    await service.event(resolved(), id="again")
    await service.event(reassigned("technical-office"), id="move")

    thread = await service.document(THREADS, REPORT)
    assert thread == Thread(REPORT, sent=2)
    await service.event(reopened(), id="reopened")
    assert (await service.document(THREADS, REPORT)).closed is False
