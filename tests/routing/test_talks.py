"""What an operator did today, from the talks that intake publishes."""

from datetime import timedelta

from tests.routing.conftest import NOW

from chassis.testing import MemoryService
from contracts.intake import FollowUpAgreed, ReportsOfKind, SessionHeld
from routing.domain.registers import Register
from routing.queries.talks import days_of_all, today_of

ID = "00000000-0000-7000-8000-00000000000{}"
VISIT = FollowUpAgreed(at=NOW + timedelta(days=3), what="home-visit")


def held(
    number: int, operator: str = "ada-esempio", ago: timedelta = timedelta(), **changes: object
) -> SessionHeld:
    return SessionHeld.model_validate(
        {
            "session_id": ID.format(number),
            "operator": operator,
            "neighbourhood": "monterosso",
            "started_at": NOW - ago,
            "ended_at": NOW - ago + timedelta(minutes=20),
            "counts": (ReportsOfKind(kind="technical", reports=2),),
            "report_ids": (ID.format(8), ID.format(9)),
            "follow_ups": (),
        }
        | changes
    )


async def test_the_day_has_talks_reports_and_the_appointments_that_come(
    service: MemoryService, register: Register
) -> None:
    for event in (
        held(1),
        held(1),
        held(2, neighbourhood=None, report_ids=(), counts=()),
        held(3, ago=timedelta(days=9), follow_ups=(VISIT,)),
        held(4, operator="pia-finta", neighbourhood="malpensata"),
    ):
        await service.event(event)

    today = await today_of(service.context, "ada-esempio", NOW)
    days = await days_of_all(service.context, register, NOW)

    assert (len(today.talks), today.reports) == (2, 2)
    assert [(one.at, one.what) for one in today.appointments] == [(VISIT.at, "home-visit")]
    assert {(one.operator, one.talks, one.reports, *one.neighbourhoods) for one in days} == {
        ("ada-esempio", 2, 2, "monterosso"),
        ("pia-finta", 1, 2, "malpensata"),
    }
