"""The API and the table of routing, on a store in memory."""

from datetime import UTC, datetime
from typing import Any

from chassis.consumer.records import read
from chassis.documents import Collection
from chassis.ids import derive
from chassis.transaction.inputs import Result
from chassis.transaction.parked import Record
from contracts.envelope import Envelope
from contracts.intake import ReportRegistered, ReportWithdrawn
from contracts.topics import BY_NAME
from routing.app.put_in_force import put_in_force
from routing.domain.cases import Case, Missed
from routing.domain.registers import CURRENT, Register
from routing.handlers.documents import CASES, REGISTERS
from routing.handlers.escalate_case import DueDatePassed
from routing.handlers.reactions import REACTIONS, SUBSCRIBES

MONDAY = datetime(2026, 11, 23, 9, tzinfo=UTC)


def registered(number: int, **changes: Any) -> ReportRegistered:
    usual: dict[str, Any] = {
        "report_id": f"0190a000-0000-7000-8000-{number:012d}",
        "category": "isolamento",
        "kind": "social",
        "urgency": "s",
        "place_id": "bg-monterosso",
        "neighbourhood": "monterosso",
        "province": "bergamo",
        "channel": "web",
        "language": "it",
        "heard_at": MONDAY,
    }
    return ReportRegistered(**usual | changes)


async def receive(service: Any, *events: ReportRegistered) -> None:
    for event in events:
        outcome = await service.event(event, key=event.report_id, now=MONDAY)
        assert outcome.result is Result.DONE, outcome.error


def test_every_event_of_the_subscribed_topics_has_a_reaction() -> None:
    types = REACTIONS.types()

    assert [event for topic in SUBSCRIBES for event in BY_NAME[topic].events if event not in types] == []


def test_a_stored_register_is_loaded_unchanged(register: Register) -> None:
    def again(collection: Collection[Any], state: Any) -> Any:
        return collection.load(collection.dump(state))

    assert repr(again(REGISTERS, register)) == repr(register)


async def test_a_start_loads_the_register_once_and_an_earlier_one_can_return(
    service: Any, register: Register
) -> None:
    first, second = register, Register("other", register.rules, register.operators, register.calendar)

    for content in (first, first, second, first):
        await put_in_force(service.context, content)

    current = await service.context.load(REGISTERS, CURRENT)
    assert (current.content, current.revision) == (register.content, 3)


async def test_cases_are_listed_by_due_date(service: Any, register: Register) -> None:
    await put_in_force(service.context, register)
    await receive(
        service,
        registered(1),
        registered(2, kind="technical", urgency="u"),
        registered(3, neighbourhood="foresto-sparso"),
    )

    everything = (await service.http.get("/v1/cases")).json()
    held = (await service.http.get("/v1/cases", params={"status": "held"})).json()
    technical = (await service.http.get("/v1/cases", params={"route": "technical-office", "limit": 5})).json()

    assert [row["route"] for row in everything] == ["technical-office", "operator", None]
    assert [row["report_id"][-1] for row in held] == ["3"]
    assert [row["report_id"][-1] for row in technical] == ["2"]


async def test_a_case_explains_itself(service: Any, register: Register) -> None:
    await put_in_force(service.context, register)
    await receive(service, registered(1))

    case = (await service.http.get(f"/v1/cases/{registered(1).report_id}")).json()

    assert (
        case["because"][0]
        == "Perché l'ascolto e il sostegno sono della persona di riferimento del quartiere."
    )
    assert case["candidates"][0] == {
        "operator": "operatore-1",
        "name": "Operatrice Uno (esempio)",
        "eligible": True,
        "reasons": [{"code": "owns-neighbourhood", "text": "segue questo quartiere"}],
    }


async def test_a_case_is_resolved_once_and_a_resend_gets_the_same_answer(
    service: Any, register: Register
) -> None:
    await put_in_force(service.context, register)
    await receive(service, registered(1))
    url = f"/v1/cases/{registered(1).report_id}/resolution"
    body = {"outcome": "handed-off", "command_id": "0190a000-0000-7000-8000-00000000c0de"}

    first, again = [await service.http.post(url, json=body) for _ in range(2)]
    other_body = await service.http.post(url, json=body | {"outcome": "solved"})
    second_time = await service.http.post(url, json={"outcome": "solved"})

    assert (first.status_code, first.json()) == (again.status_code, again.json())
    assert first.json()["outcome"] == "handed-off"
    assert (other_body.status_code, other_body.json()["type"]) == (422, "urn:ascolto:problem:id-reused")
    assert (second_time.status_code, second_time.json()["type"]) == (
        409,
        "urn:ascolto:problem:already-resolved",
    )


async def test_only_staff_sees_cases(service: Any) -> None:
    stranger = await service.http.get("/v1/cases", headers={"Authorization": ""})
    another_service = await service.http.get("/v1/cases", headers={"Authorization": "Bearer svc"})

    assert (stranger.status_code, another_service.status_code) == (401, 403)


async def test_a_missing_case_is_a_404(service: Any) -> None:
    url = f"/v1/cases/{registered(9).report_id}"

    assert (await service.http.get(url)).json()["type"] == "urn:ascolto:problem:unknown-case"
    assert (await service.http.post(f"{url}/resolution", json={"outcome": "solved"})).status_code == 404
    assert (await service.http.post(f"{url}/resolution", json={"outcome": "withdrawn"})).status_code == 422


async def test_a_withdrawal_ends_the_case_and_its_timers(service: Any, register: Register) -> None:
    await put_in_force(service.context, register)
    await receive(service, registered(1))
    assert await service.store.count("timers", {}) == 2

    await service.event(
        ReportWithdrawn(report_id=registered(1).report_id, reason="other"), key="k", now=MONDAY
    )

    case = await service.context.load(CASES, registered(1).report_id)
    assert isinstance(case, Case)
    assert (case.status, case.outcome) == ("resolved", "withdrawn")
    assert await service.store.count("timers", {}) == 0


async def test_a_stored_timer_is_loaded_unchanged(service: Any, register: Register) -> None:
    await put_in_force(service.context, register)
    await receive(service, registered(1))

    bodies = [
        REACTIONS.load(DueDatePassed, row["body"])
        for row in await service.store.query("timers", {}, [("due", 1)])
    ]

    assert [body.missed for body in bodies] == [Missed.CONTACT, Missed.COMPLETION]


async def test_a_command_id_chosen_to_be_the_id_of_a_later_report_does_not_hide_that_report(
    service: Any, register: Register
) -> None:
    await put_in_force(service.context, register)
    known, later = registered(1), registered(2)
    await receive(service, known)
    chosen = derive(f"intake/command:RegisterReport:report:{later.report_id}", "say/0")
    closing = {"outcome": "solved", "command_id": chosen}
    answer = await service.http.post(f"/v1/cases/{known.report_id}/resolution", json=closing)
    assert answer.status_code == 200

    envelope = Envelope(
        chosen, later.type_tag, "/ascolto/intake", later.report_id, MONDAY, 1, later.report_id
    )
    lying = Record("intake.reports", 0, 1, later.report_id.encode(), later.body(), envelope.headers())
    (outcome,) = await service.unit_of_work.run(await service.store.session(), [read(lying, 0)])

    assert outcome.result is Result.DONE
    assert await service.context.load(CASES, later.report_id) is not None
    again = await service.http.post(f"/v1/cases/{known.report_id}/resolution", json=closing)
    assert (again.status_code, again.json()) == (200, answer.json())
    other = await service.http.post(f"/v1/cases/{later.report_id}/resolution", json=closing)
    assert other.status_code == 422
