"""Closing a case so that it can be undone, reopening it, moving it, and its history."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.routing.conftest import NOW, PLAN, SEED
from tests.routing.test_handlers import MONDAY, REPORT, registered

from chassis.errors import Refused
from chassis.ids import derive
from chassis.testing import MemoryService
from contracts.intake import ReportReopened, ReportWithdrawn
from contracts.routing import (
    CaseEscalated,
    CaseHandedOff,
    CaseHeld,
    CaseReassigned,
    CaseReopened,
    CaseResolved,
)
from routing.adapters.register_files import read_register
from routing.app.put_in_force import put_in_force
from routing.domain.cases import UNDO, Case, Outcome, Status, dates_still_watched
from routing.domain.history import Happened, MoveReason, Staff
from routing.domain.registers import Register
from routing.domain.rules import Route
from routing.handlers.begin_closing import BeginClosing, ClosingElapsed, UndoClosing
from routing.handlers.documents import CASES
from routing.handlers.escalate_case import DueDatePassed
from routing.handlers.move_case import HandOffCase, ReassignCase
from routing.handlers.reopen_case import ReopenCase
from routing.handlers.resolve_case import ResolveCase

ADA = Staff("ada-esempio", "Ada Esempio")
A_MINUTE = timedelta(minutes=1)


class Desk:
    """One case, what the staff does to it, and what is published."""

    def __init__(self, service: MemoryService) -> None:
        self.service, self._done = service, 0

    async def run(self, command: Any) -> None:
        self._done += 1
        await self.service.command(command, id=derive("test", str(self._done)), key=REPORT)

    async def case(self) -> Case:
        case = await self.service.document(CASES, REPORT)
        assert case is not None
        return case

    async def pass_time(self, time: timedelta) -> None:
        self.service.now += time
        await self.service.fire_timers()

    async def told(self) -> list[str]:
        """What was published after the opening."""
        return [type(fact).__name__ for fact in (await self.service.published())[1:]]


@pytest.fixture
async def desk(service: MemoryService, register: Register) -> Desk:
    await put_in_force(service.context, register)
    await service.event(registered(), now=MONDAY)
    return Desk(service)


async def test_a_closing_takes_effect_after_ten_minutes(desk: Desk) -> None:
    await desk.run(BeginClosing(REPORT, Outcome.SOLVED, ADA))
    await desk.pass_time(UNDO - A_MINUTE)
    before = await desk.case()

    await desk.pass_time(A_MINUTE)

    after = await desk.case()
    assert (before.status, before.closing is not None, after.status) == (Status.OPEN, True, Status.RESOLVED)
    assert after.outcome is Outcome.SOLVED
    assert await desk.told() == ["CaseResolved"]
    assert await desk.service.timers() == []
    assert [(entry.what, entry.by) for entry in after.history] == [
        (Happened.OPENED, None),
        (Happened.CLOSING, ADA),
        (Happened.RESOLVED, ADA),
    ]


async def test_an_undone_closing_leaves_the_case_and_its_timers_as_they_were(desk: Desk) -> None:
    dates = {(timer.missed, timer.due_at) for timer in await desk.service.timers()}
    await desk.run(BeginClosing(REPORT, Outcome.UNFOUNDED, ADA))

    await desk.run(UndoClosing(REPORT, ADA))
    await desk.pass_time(2 * UNDO)

    assert {(timer.missed, timer.due_at) for timer in await desk.service.timers()} == dates
    assert (await desk.case()).status is Status.OPEN
    assert await desk.told() == []


async def test_a_due_date_that_passes_during_an_undone_closing_is_escalated_once(desk: Desk) -> None:
    contact = (await desk.case()).contact_due_at
    await desk.pass_time(contact - A_MINUTE - desk.service.now)
    await desk.run(BeginClosing(REPORT, Outcome.SOLVED, ADA))
    await desk.pass_time(2 * A_MINUTE)
    assert await desk.told() == []

    await desk.run(UndoClosing(REPORT, ADA))
    await desk.pass_time(A_MINUTE)
    await desk.pass_time(A_MINUTE)

    assert await desk.told() == ["CaseEscalated"]


async def test_a_date_missed_before_a_closing_is_not_missed_again(desk: Desk) -> None:
    await desk.pass_time((await desk.case()).contact_due_at - desk.service.now)
    await desk.run(BeginClosing(REPORT, Outcome.SOLVED, ADA))
    await desk.run(UndoClosing(REPORT, ADA))
    await desk.pass_time(A_MINUTE)

    assert await desk.told() == ["CaseEscalated"]


async def test_the_timer_of_an_undone_closing_does_not_end_the_next_one(desk: Desk) -> None:
    await desk.run(BeginClosing(REPORT, Outcome.SOLVED, ADA))
    [first] = [body for body in await desk.service.timers() if isinstance(body, ClosingElapsed)]
    await desk.run(UndoClosing(REPORT, ADA))
    await desk.run(BeginClosing(REPORT, Outcome.UNFOUNDED, ADA))

    await desk.service.timer(first, key=REPORT, due=desk.service.now)

    assert (await desk.case()).status is Status.OPEN


async def test_nothing_else_happens_to_a_case_while_it_is_being_closed(desk: Desk) -> None:
    await desk.run(BeginClosing(REPORT, Outcome.SOLVED, ADA))

    for command in (
        BeginClosing(REPORT, Outcome.UNFOUNDED, ADA),
        ReassignCase(REPORT, "operatore-2", MoveReason.WORKLOAD, ADA),
        HandOffCase(REPORT, Route.TECHNICAL_OFFICE, MoveReason.COMPETENCE, ADA),
    ):
        with pytest.raises(Refused, match="closing"):
            await desk.run(command)


async def test_the_api_resolves_at_once_even_while_the_case_is_being_closed(desk: Desk) -> None:
    await desk.run(BeginClosing(REPORT, Outcome.SOLVED, ADA))
    await desk.run(ResolveCase(REPORT, Outcome.HANDED_OFF))
    await desk.pass_time(2 * UNDO)

    assert (await desk.case()).outcome is Outcome.HANDED_OFF
    assert await desk.told() == ["CaseResolved"]


async def test_a_withdrawal_ends_a_case_that_is_being_closed(desk: Desk) -> None:
    await desk.run(BeginClosing(REPORT, Outcome.SOLVED, ADA))
    await desk.service.event(ReportWithdrawn(report_id=REPORT, reason="other"))
    await desk.pass_time(2 * UNDO)

    assert (await desk.case()).outcome is Outcome.WITHDRAWN
    assert await desk.told() == ["CaseResolved"]


async def test_only_a_closing_can_be_undone(desk: Desk) -> None:
    with pytest.raises(Refused, match="not-closing"):
        await desk.run(UndoClosing(REPORT, ADA))

    await desk.run(ResolveCase(REPORT, Outcome.SOLVED))

    with pytest.raises(Refused, match="already-resolved"):
        await desk.run(UndoClosing(REPORT, ADA))


async def test_a_reopened_case_has_the_same_operator_and_new_due_dates(desk: Desk) -> None:
    due_at = (await desk.case()).due_at
    await desk.run(ResolveCase(REPORT, Outcome.SOLVED))
    desk.service.now += timedelta(days=9)

    await desk.run(ReopenCase(REPORT, ADA))

    case = await desk.case()
    assert (case.status, case.operator, case.outcome) == (Status.OPEN, "operatore-1", None)
    assert case.due_at > due_at
    assert {timer.due_at for timer in await desk.service.timers()} == {case.contact_due_at, case.due_at}
    published = (await desk.service.published())[-1]
    assert published == CaseReopened(
        report_id=REPORT, route="operator", operator="operatore-1", due_at=case.due_at
    )


async def test_a_case_reopened_while_its_operator_is_away_goes_to_the_substitute(desk: Desk) -> None:
    await desk.run(ResolveCase(REPORT, Outcome.SOLVED))
    desk.service.now = datetime(2026, 12, 28, 9, tzinfo=UTC)

    await desk.run(ReopenCase(REPORT, ADA))

    assert (await desk.case()).operator == "operatore-2"


async def test_a_case_that_the_tenant_reopens_has_a_new_clock_and_nobody_of_the_staff_behind_it(
    desk: Desk,
) -> None:
    reopening = ReportReopened(report_id=REPORT, closed_at=NOW)
    await desk.service.event(reopening)
    before = await desk.case()
    await desk.run(ResolveCase(REPORT, Outcome.SOLVED))
    await desk.pass_time(timedelta(days=3))
    later = ReportReopened(report_id=REPORT, closed_at=NOW + A_MINUTE)
    for _ in range(2):
        await desk.service.event(later)

    case = await desk.case()
    assert before.status is Status.OPEN, "a case that is worked on does not change"
    assert before.reopened_at is None
    assert (case.status, case.operator, case.outcome) == (Status.OPEN, before.operator, None)
    assert case.due_at > before.due_at
    assert (case.history[-1].what, case.history[-1].by) == (Happened.REOPENED, None)


async def test_a_withdrawn_or_an_open_case_is_not_reopened(desk: Desk) -> None:
    with pytest.raises(Refused, match="not-resolved"):
        await desk.run(ReopenCase(REPORT, ADA))

    await desk.service.event(ReportWithdrawn(report_id=REPORT, reason="other"))

    with pytest.raises(Refused, match="withdrawn"):
        await desk.run(ReopenCase(REPORT, ADA))


async def test_a_case_goes_to_another_operator_then_to_a_desk_with_the_same_due_date(desk: Desk) -> None:
    due_at = (await desk.case()).due_at
    await desk.run(ReassignCase(REPORT, "operatore-2", MoveReason.CONFLICT_OF_INTEREST, ADA))
    await desk.run(HandOffCase(REPORT, Route.SOCIAL_SERVICES, MoveReason.COMPETENCE, ADA))

    case = await desk.case()
    assert (case.route, case.operator, case.due_at) == (Route.SOCIAL_SERVICES, None, due_at)
    assert (await desk.service.published())[1:] == [
        CaseReassigned(
            report_id=REPORT,
            route="operator",
            operator="operatore-2",
            due_at=due_at,
            reason="conflict-of-interest",
        ),
        CaseHandedOff(report_id=REPORT, route="social-services", reason="competence"),
    ]
    assert [entry.code for entry in case.history[1:]] == ["conflict-of-interest", "competence"]


@pytest.mark.parametrize(
    ("command", "slug"),
    [
        (ReassignCase(REPORT, "operatore-1", MoveReason.OTHER, ADA), "same-operator"),
        (ReassignCase(REPORT, "operatore-9", MoveReason.OTHER, ADA), "unknown-operator"),
        (HandOffCase(REPORT, Route.OPERATOR, MoveReason.OTHER, ADA), "unknown-desk"),
    ],
)
async def test_a_move_to_nobody_or_to_who_has_it_is_refused(desk: Desk, command: Any, slug: str) -> None:
    with pytest.raises(Refused, match=slug):
        await desk.run(command)


async def test_a_case_is_not_given_to_somebody_who_is_away(desk: Desk) -> None:
    desk.service.now = datetime(2027, 1, 4, 9, tzinfo=UTC)

    with pytest.raises(Refused, match="operator-away"):
        await desk.run(ReassignCase(REPORT, "operatore-2", MoveReason.OTHER, ADA))


async def test_a_held_case_is_open_once_somebody_takes_it(service: MemoryService, register: Register) -> None:
    await put_in_force(service.context, register)
    await service.event(registered(neighbourhood="foresto-sparso"), now=MONDAY)
    desk = Desk(service)

    await desk.run(ReassignCase(REPORT, "operatore-2", MoveReason.OTHER, ADA))

    case = await desk.case()
    assert (case.status, case.held, case.operator) == (Status.OPEN, None, "operatore-2")
    assert isinstance((await service.published())[0], CaseHeld)


STEPS = ("close", "undo", "resolve", "reopen", "reassign", "hand-off", "minute", "week", "withdraw")


@settings(max_examples=40)
@given(st.lists(st.sampled_from(STEPS), max_size=12))
async def test_whatever_the_staff_does_the_facts_of_a_case_alternate(steps: list[str]) -> None:
    """A case is resolved only while it is not, reopened only while it is resolved, and escalated only in between."""
    async with MemoryService(PLAN, NOW) as service:
        await put_in_force(service.context, read_register(SEED))
        await service.event(registered(), now=MONDAY)
        desk = Desk(service)
        for step in steps:
            await take(step, desk)
        resolved = False
        for fact in await service.published():
            assert isinstance(fact, CaseReopened) == (resolved and not isinstance(fact, CaseResolved))
            resolved = isinstance(fact, CaseResolved)
        case = await desk.case()
        assert resolved == (case.status is Status.RESOLVED)
        is_watched = case.status is not Status.RESOLVED and case.closing is None
        dates = {missed for missed, _ in dates_still_watched(case)} if is_watched else set()
        assert {body.missed for body in await service.timers() if isinstance(body, DueDatePassed)} == dates
        assert sum(isinstance(fact, CaseEscalated) for fact in await service.published()) == sum(
            entry.what is Happened.MISSED for entry in case.history
        )


async def take(step: str, desk: Desk) -> None:
    commands: dict[str, Any] = {
        "close": BeginClosing(REPORT, Outcome.SOLVED, ADA),
        "undo": UndoClosing(REPORT, ADA),
        "resolve": ResolveCase(REPORT, Outcome.SOLVED, ADA),
        "reopen": ReopenCase(REPORT, ADA),
        "reassign": ReassignCase(REPORT, "operatore-2", MoveReason.OTHER, ADA),
        "hand-off": HandOffCase(REPORT, Route.TECHNICAL_OFFICE, MoveReason.OTHER, ADA),
    }
    if step in commands:
        with suppress(Refused):
            await desk.run(commands[step])
    elif step == "withdraw":
        await desk.service.event(ReportWithdrawn(report_id=REPORT, reason="other"))
    else:
        await desk.pass_time(A_MINUTE if step == "minute" else timedelta(days=7))
