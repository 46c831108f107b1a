"""Absences of operators: new cases, open cases, and the end of an absence."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from tests.routing.test_api import registered
from tests.routing.test_handlers import MONDAY

from chassis.errors import Refused
from chassis.ids import derive
from chassis.testing import MemoryService
from contracts.routing import CaseHeld, CaseReassigned
from routing.app.put_in_force import put_in_force
from routing.domain.absences import needs_cover
from routing.domain.cases import Case
from routing.domain.history import Staff
from routing.domain.registers import CURRENT, Register
from routing.handlers.documents import ABSENCES, CASES
from routing.handlers.enter_absence import CoverCase, EndAbsence, EnterAbsence

BEA = Staff("carla-inventata", "Carla Inventata")
TODAY, LATER = date(2026, 11, 23), date(2026, 12, 31)


@pytest.fixture
async def agency(service: MemoryService, register: Register) -> MemoryService:
    await put_in_force(service.context, register)
    return service


async def run(service: MemoryService, command: Any) -> Any:
    return (await service.command(command, id=derive("test", repr(command)), key=CURRENT)).body


async def away(service: MemoryService, operator: str, first: date = TODAY, last: date = LATER) -> str:
    name = derive("absence", f"{operator}/{first}/{last}")
    await run(service, EnterAbsence(name, operator, first, last, BEA))
    return name


async def arrived(service: MemoryService, number: int, **changes: Any) -> str:
    report = registered(number, **changes)
    await service.event(report)
    return report.report_id


async def case_of(service: MemoryService, report_id: str) -> Case:
    case = await service.document(CASES, report_id)
    assert case is not None
    return case


async def test_a_new_case_goes_to_the_substitute_of_who_is_away(agency: MemoryService) -> None:
    await away(agency, "operatore-1")

    case = await case_of(agency, await arrived(agency, 1))

    assert case.operator == "operatore-2"
    [first, _] = case.candidates
    assert [reason.value for reason in first.reasons] == ["owns-neighbourhood", "absent"]


async def test_an_absence_counts_only_on_its_days(agency: MemoryService) -> None:
    await away(agency, "operatore-1", date(2026, 11, 24), date(2026, 11, 25))
    found = []
    for day in (23, 24, 25, 26):
        agency.now = datetime(2026, 11, day, 22, 59, tzinfo=UTC)
        found.append((await case_of(agency, await arrived(agency, day))).operator)

    assert found == ["operatore-1", "operatore-2", "operatore-2", "operatore-1"]


async def test_an_open_case_goes_to_the_substitute_with_its_due_date(agency: MemoryService) -> None:
    report_id = await arrived(agency, 1)
    due_at = (await case_of(agency, report_id)).due_at
    absence = await away(agency, "operatore-1")

    await run(agency, CoverCase(report_id, absence, BEA))
    again = await run(agency, CoverCase(report_id, absence, Staff("other")))

    assert again == {"moved": False}
    assert (await agency.published())[1:] == [
        CaseReassigned(
            report_id=report_id, route="operator", operator="operatore-2", due_at=due_at, reason="absence"
        )
    ]
    assert (await case_of(agency, report_id)).history[-1].by == BEA


async def test_an_open_case_is_held_when_the_substitute_is_away_too(agency: MemoryService) -> None:
    report_id = await arrived(agency, 1)
    await away(agency, "operatore-2")
    absence = await away(agency, "operatore-1")

    await run(agency, CoverCase(report_id, absence, BEA))

    case, fact = await case_of(agency, report_id), (await agency.published())[-1]
    assert (case.status.value, case.operator) == ("held", None)
    assert isinstance(fact, CaseHeld)
    assert fact.reason == "nobody-eligible"
    assert len(await agency.timers()) == 2


async def test_an_absence_that_ends_early_counts_no_longer(agency: MemoryService) -> None:
    absence = await away(agency, "operatore-1")

    await run(agency, EndAbsence(absence, TODAY - timedelta(days=1), BEA))

    assert (await case_of(agency, await arrived(agency, 1))).operator == "operatore-1"
    stored = await agency.document(ABSENCES, CURRENT)
    assert stored is not None
    assert stored.entered[0].ended_by == BEA
    with pytest.raises(Refused, match="absence-over"):
        await run(agency, EndAbsence(absence, LATER, BEA))


@pytest.mark.parametrize(
    ("operator", "first", "last", "slug"),
    [
        ("operatore-9", TODAY, LATER, "unknown-operator"),
        ("operatore-1", LATER, TODAY, "days-in-wrong-order"),
        ("operatore-1", date(2026, 11, 1), date(2026, 11, 22), "absence-in-the-past"),
        ("operatore-2", date(2026, 11, 1), TODAY, "overlapping-absence"),
    ],
)
async def test_an_absence_that_makes_no_sense_is_refused(
    agency: MemoryService, operator: str, first: date, last: date, slug: str
) -> None:
    await away(agency, "operatore-2")

    with pytest.raises(Refused, match=slug):
        await away(agency, operator, first, last)


@pytest.mark.parametrize(
    ("first", "last", "moves"),
    [
        ("2026-11-23", "2026-12-06", False),  # back before the first contact of 7 December
        ("2026-11-23", "2026-12-07", True),
        ("2026-12-08", "2026-12-21", False),  # contact before, completion on 22 December after
        ("2026-12-22", "2026-12-22", True),
        ("2026-12-23", "2026-12-31", False),  # done before the absence
    ],
)
async def test_a_case_stays_with_its_operator_when_no_date_is_during_the_absence(
    agency: MemoryService, first: str, last: str, moves: bool
) -> None:
    case = await case_of(agency, await arrived(agency, 1))

    assert needs_cover(case, "operatore-1", first, last, MONDAY) is moves
    assert needs_cover(case, "operatore-2", first, last, MONDAY) is False


async def test_a_late_case_does_not_wait_for_who_is_away(agency: MemoryService) -> None:
    case = await case_of(agency, await arrived(agency, 1, heard_at=datetime(2026, 9, 1, tzinfo=UTC)))

    assert needs_cover(case, "operatore-1", "2026-11-23", "2026-11-23", MONDAY) is True
