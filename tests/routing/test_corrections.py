"""Cases of corrected reports: the rules decide again, due dates follow, and what people did stays where nothing changes it."""

from datetime import timedelta

import pytest
from tests.routing.conftest import NOW, PLAN, SEED
from tests.routing.test_handlers import registered

from chassis.ids import derive
from chassis.testing import MemoryService
from contracts.intake import ReportCorrected, ReportRegistered
from contracts.routing import CaseCorrected, CaseEscalated
from routing.adapters.register_files import read_register
from routing.app.put_in_force import put_in_force
from routing.domain.cases import Case, Missed, Outcome
from routing.domain.explanation import explain
from routing.domain.history import MoveReason, Staff
from routing.domain.rules import Route
from routing.handlers.documents import CASES
from routing.handlers.move_case import ReassignCase
from routing.handlers.resolve_case import ResolveCase

REPORT = "01932c0a-0000-7000-8000-000000000001"
ADA = Staff("ada-esempio", "Ada Esempio")


class Desk:
    """One report, its case, and the corrections that arrive."""

    def __init__(self, service: MemoryService) -> None:
        self.service, self._done = service, 0

    async def open(self, **codes: object) -> ReportRegistered:
        await put_in_force(self.service.context, read_register(SEED))
        event = registered(report_id=REPORT, **codes)
        await self.service.event(event)
        return event

    async def correct(self, before: ReportRegistered, **codes: object) -> None:
        self._done += 1
        known = ReportCorrected.model_fields.keys() & ReportRegistered.model_fields.keys()
        same = {name: getattr(before, name) for name in known} | {"reason": "wrong-category"}
        event = ReportCorrected.model_validate(same | codes)
        await self.service.event(event, id=derive("correction", str(self._done)))
        await self.service.fire_timers()

    async def case(self) -> Case:
        found = await self.service.document(CASES, REPORT)
        assert found is not None
        return found

    async def facts(self) -> list[CaseCorrected]:
        return [one for one in await self.service.published() if isinstance(one, CaseCorrected)]


@pytest.fixture
def desk(service: MemoryService) -> Desk:
    """A desk over the service in memory."""
    return Desk(service)


async def test_a_corrected_category_goes_to_whom_the_rules_give_it_with_dates_from_its_hearing(
    desk: Desk, service: MemoryService
) -> None:
    told = await desk.open(category="isolamento", kind="social", urgency="s")
    before = await desk.case()
    service.now = NOW + timedelta(hours=2)

    await desk.correct(told, category="pulizia", kind="technical", urgency="n")

    after = await desk.case()
    fresh = await _registered_right(category="pulizia", kind="technical", urgency="n")
    [fact] = await desk.facts()
    assert (before.route, after.route) == (Route.OPERATOR, Route.TECHNICAL_OFFICE)
    assert (after.rule, after.why, after.due_at) == (fresh.rule, fresh.why, fresh.due_at)
    assert (fact.route, fact.due_at, fact.urgency) == (after.route, after.due_at, "n")
    assert (after.corrected[0].category, after.corrected[0].urgency) == ("isolamento", "s")
    assert any("ha corretto la segnalazione" in one for one in explain(after))
    assert not set(before.timers) & set(after.timers)


async def test_a_corrected_place_keeps_who_was_chosen_by_hand_while_the_rules_decide_the_same(
    desk: Desk, service: MemoryService
) -> None:
    told = await desk.open(category="isolamento", kind="social", urgency="s")
    first = (await desk.case()).operator
    other = next(one for one in ("operatore-1", "operatore-2") if one != first)
    command = ReassignCase(REPORT, other, MoveReason.WORKLOAD, ADA)
    await service.command(command, id=derive("test", "move"), key=REPORT)

    await desk.correct(told, place_id="bg-altrove", reason="wrong-place")

    case = await desk.case()
    assert (case.operator, case.place_id) == (other, "bg-altrove")


async def test_a_date_that_has_passed_under_the_right_class_is_missed_at_once(
    desk: Desk, service: MemoryService
) -> None:
    told = await desk.open(category="pulizia", kind="technical", urgency="n")
    service.now = NOW + timedelta(days=4)

    await desk.correct(told, category="ascensore", urgency="e1")
    escalated = [one for one in await service.published() if isinstance(one, CaseEscalated)]
    late = (await desk.case()).missed
    await desk.correct(told)

    assert set(late) == {Missed.CONTACT, Missed.COMPLETION}
    assert len(escalated) == 2
    assert Missed.COMPLETION not in (await desk.case()).missed


async def test_a_case_that_has_ended_only_gets_the_codes(desk: Desk, service: MemoryService) -> None:
    told = await desk.open(category="pulizia", kind="technical", urgency="n")
    case = await desk.case()
    command = ResolveCase(REPORT, Outcome.SOLVED)
    await service.command(command, id=derive("test", "resolve"), key=REPORT)

    await desk.correct(told, category="segnaletica")

    after = await desk.case()
    assert (after.category, after.route, after.due_at) == ("segnaletica", case.route, case.due_at)
    assert await desk.facts() == []


async def _registered_right(**codes: object) -> Case:
    """The case of the report if it had been registered with these codes."""
    async with MemoryService(PLAN, NOW) as service:
        desk = Desk(service)
        await desk.open(**codes)
        return await desk.case()
