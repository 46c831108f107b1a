"""The handlers of routing."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from chassis.errors import Early, Refused
from chassis.handling import NOTHING, Change, Moment
from contracts.intake import ReportRegistered, ReportWithdrawn
from contracts.routing import CaseEscalated, CaseHeld, CaseOpened, CaseResolved
from routing.domain.cases import Case, Missed, Outcome, Status
from routing.domain.explanation import explain
from routing.domain.registers import Register
from routing.handlers.close_withdrawn_case import close_withdrawn_case
from routing.handlers.escalate_case import DueDatePassed, escalate_case
from routing.handlers.load_register import LoadRegister, load_register
from routing.handlers.open_case import open_case
from routing.handlers.resolve_case import ResolveCase, resolve_case

REPORT = "0190a000-0000-7000-8000-000000000001"
MONDAY = datetime(2026, 11, 23, 9, tzinfo=UTC)
MOMENT = Moment(MONDAY, "event-1")


def registered(**changes: Any) -> ReportRegistered:
    usual: dict[str, Any] = {
        "report_id": REPORT,
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


def case_of(change: Change) -> Case:
    [put] = change.write
    assert isinstance(put.state, Case)
    return put.state


def test_a_report_opens_one_case_and_publishes_who_by_when_and_by_which_rule(register: Register) -> None:
    change = open_case(registered(), None, register, None, MOMENT)

    assert change.events == [
        CaseOpened(
            report_id=REPORT,
            route="operator",
            operator="operatore-1",
            rule="social",
            rules_version=register.rules.version,
            urgency="s",
            neighbourhood="monterosso",
            contact_due_at=datetime(2026, 12, 7, 17, tzinfo=UTC),
            due_at=datetime(2026, 12, 22, 17, tzinfo=UTC),
        )
    ]
    assert [timer.due for timer in change.timers] == [case_of(change).contact_due_at, case_of(change).due_at]
    assert case_of(change).timers == tuple(timer.id for timer in change.timers)


def test_a_report_that_has_a_case_opens_no_second_one(register: Register) -> None:
    case = case_of(open_case(registered(), None, register, None, MOMENT))

    assert open_case(registered(), case, register, None, Moment(MONDAY, "event-2")) is NOTHING


def test_the_same_event_gives_the_same_consequences(register: Register) -> None:
    assert open_case(registered(), None, register, None, MOMENT) == open_case(
        registered(), None, register, None, MOMENT
    )


def test_a_report_waits_for_the_register() -> None:
    with pytest.raises(Early):
        open_case(registered(), None, None, None, MOMENT)


def test_a_report_that_no_operator_can_take_is_held_with_timers_for_its_dates(register: Register) -> None:
    change = open_case(registered(neighbourhood="foresto-sparso"), None, register, None, MOMENT)

    [said] = change.events
    assert isinstance(said, CaseHeld)
    assert said.reason == "nobody-eligible"
    assert case_of(change).status is Status.HELD
    assert len(change.timers) == 2


def test_a_report_from_years_ago_escalates_nothing(register: Register) -> None:
    change = open_case(registered(heard_at=datetime(2023, 3, 1, tzinfo=UTC)), None, register, None, MOMENT)

    assert change.timers == ()
    assert case_of(change).overdue_at_opening
    assert isinstance(change.events[0], CaseOpened)


def test_a_report_between_its_two_dates_has_a_timer_for_the_second(register: Register) -> None:
    change = open_case(
        registered(heard_at=datetime(2026, 11, 2, 9, tzinfo=UTC)), None, register, None, MOMENT
    )

    assert [timer.body.missed for timer in change.timers] == [Missed.COMPLETION]
    assert case_of(change).overdue_at_opening


def test_the_absence_that_counts_is_that_of_the_day_the_case_is_opened(register: Register) -> None:
    christmas = Moment(datetime(2026, 12, 28, 9, tzinfo=UTC), "event-1")

    assert case_of(open_case(registered(), None, register, None, christmas)).operator == "operatore-2"


@pytest.mark.parametrize("missed", list(Missed))
def test_a_missed_date_is_published_once_while_the_case_is_open(register: Register, missed: Missed) -> None:
    case = case_of(open_case(registered(), None, register, None, MOMENT))
    timer = DueDatePassed(REPORT, missed, case.due_at)

    change = escalate_case(timer, case, MOMENT)

    assert change.events == [CaseEscalated(report_id=REPORT, missed=missed, due_at=case.due_at)]
    assert escalate_case(timer, case_of(change), MOMENT) is NOTHING


def test_a_held_case_is_escalated_too(register: Register) -> None:
    case = case_of(open_case(registered(neighbourhood="foresto-sparso"), None, register, None, MOMENT))

    assert escalate_case(DueDatePassed(REPORT, Missed.CONTACT, case.due_at), case, MOMENT).events


def test_a_resolved_case_is_never_escalated(register: Register) -> None:
    case = replace(case_of(open_case(registered(), None, register, None, MOMENT)), status=Status.RESOLVED)

    assert escalate_case(DueDatePassed(REPORT, Missed.CONTACT, case.due_at), case, MOMENT) is NOTHING


def test_resolving_a_case_publishes_it_and_cancels_its_timers(register: Register) -> None:
    case = case_of(open_case(registered(), None, register, None, MOMENT))

    change = resolve_case(ResolveCase(REPORT, Outcome.SOLVED), case, MOMENT)

    assert change.events == [CaseResolved(report_id=REPORT, outcome="solved")]
    assert change.cancel == case.timers
    assert case_of(change).resolved_at == MONDAY


def test_a_case_is_resolved_once(register: Register) -> None:
    case = replace(case_of(open_case(registered(), None, register, None, MOMENT)), status=Status.RESOLVED)

    with pytest.raises(Refused, match="already-resolved") as refusal:
        resolve_case(ResolveCase(REPORT, Outcome.SOLVED), case, MOMENT)
    assert refusal.value.status == 409


def test_a_missing_case_cannot_be_resolved() -> None:
    with pytest.raises(Refused, match="unknown-case") as refusal:
        resolve_case(ResolveCase(REPORT, Outcome.SOLVED), None, MOMENT)
    assert refusal.value.status == 404


def test_a_withdrawn_report_closes_its_case(register: Register) -> None:
    case = case_of(open_case(registered(), None, register, None, MOMENT))

    change = close_withdrawn_case(ReportWithdrawn(report_id=REPORT, reason="mistake"), case, MOMENT)

    assert change.events == [CaseResolved(report_id=REPORT, outcome="withdrawn")]
    assert change.cancel == case.timers


def test_a_withdrawal_of_a_resolved_case_changes_nothing(register: Register) -> None:
    case = replace(case_of(open_case(registered(), None, register, None, MOMENT)), status=Status.RESOLVED)

    assert close_withdrawn_case(ReportWithdrawn(report_id=REPORT, reason="other"), case, MOMENT) is NOTHING


def test_a_withdrawal_waits_for_its_case() -> None:
    with pytest.raises(Early):
        close_withdrawn_case(ReportWithdrawn(report_id=REPORT, reason="other"), None, MOMENT)


def test_a_register_is_put_in_force_and_the_same_content_changes_nothing(register: Register) -> None:
    [put] = load_register(LoadRegister(register), None, MOMENT).write

    assert put.state.revision == 1
    assert load_register(LoadRegister(register), put.state, MOMENT) is NOTHING
    [again] = load_register(LoadRegister(replace(register, content="other")), put.state, MOMENT).write
    assert again.state.revision == 2


def test_the_explanation_in_italian_names_every_candidate(register: Register) -> None:
    held = case_of(open_case(registered(neighbourhood="foresto-sparso"), None, register, None, MOMENT))

    told = explain(held)

    assert "Nessuna operatrice e nessun operatore può prenderlo in carico: decide chi coordina." in told
    assert "Operatrice Uno (esempio) non può prenderlo in carico: segue altri quartieri." in told
    assert not any(code in " ".join(told) for code in ("technical", "has-operator", "danger-or-e1"))
