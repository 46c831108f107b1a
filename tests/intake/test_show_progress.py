"""The status of a report, for the events of routing in any order."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis.errors import Early
from chassis.handling import NOTHING, Change, Moment
from contracts.routing import (
    CaseEscalated,
    CaseHandedOff,
    CaseHeld,
    CaseOpened,
    CaseReassigned,
    CaseReopened,
    CaseResolved,
)
from intake.domain.reports import ENDED, Report, Status, progress
from intake.handlers.show_progress import (
    show_closed,
    show_escalated,
    show_handed_off,
    show_held,
    show_in_charge,
    show_reassigned,
    show_reopened,
)
from intake.handlers.withdraw_report import WithdrawReport, withdraw_report

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
ID = "01932c0a-0000-7000-8000-000000000001"
DUE = NOW + timedelta(days=7)

Step = Callable[[Report | None, Moment], Change]


def registered() -> Report:
    return Report(ID, "ABCDE-FGHJK", "h", "f", "verde", "n", "bg-monterosso", "web", "it", NOW, NOW, NOW)


def opened(report: Report | None, moment: Moment) -> Change:
    event = CaseOpened(
        report_id=ID,
        route="technical-office",
        operator=None,
        rule="technical",
        rules_version="1",
        urgency="n",
        neighbourhood="monterosso",
        contact_due_at=DUE,
        due_at=DUE,
    )
    return show_in_charge(event, report, moment)


def held(report: Report | None, moment: Moment) -> Change:
    event = CaseHeld(
        report_id=ID,
        rule="social",
        rules_version="1",
        reason="nobody",
        urgency="n",
        neighbourhood="rancio",
        due_at=DUE,
    )
    return show_held(event, report, moment)


def escalated(report: Report | None, moment: Moment) -> Change:
    return show_escalated(CaseEscalated(report_id=ID, missed="contact", due_at=NOW), report, moment)


def closed(report: Report | None, moment: Moment) -> Change:
    return show_closed(CaseResolved(report_id=ID, outcome="solved"), report, moment)


def reassigned(report: Report | None, moment: Moment) -> Change:
    event = CaseReassigned(
        report_id=ID, route="operator", operator="op-2", due_at=DUE + timedelta(days=1), reason="absence"
    )
    return show_reassigned(event, report, moment)


def handed_off(report: Report | None, moment: Moment) -> Change:
    return show_handed_off(
        CaseHandedOff(report_id=ID, route="admin-office", reason="competence"), report, moment
    )


def reopened(report: Report | None, moment: Moment) -> Change:
    event = CaseReopened(report_id=ID, route="operator", operator="op-1", due_at=DUE + timedelta(days=9))
    return show_reopened(event, report, moment)


def withdrawn(report: Report | None, moment: Moment) -> Change:
    if report is not None and report.status is Status.CLOSED:
        return NOTHING
    return withdraw_report(WithdrawReport(ID, "mistake"), report, moment)


def after(*steps: Step) -> list[Report]:
    reports = [registered()]
    for number, step in enumerate(steps, 1):
        change = step(reports[-1], Moment(NOW + timedelta(minutes=number), f"e{number}"))
        reports.append(change.write[0].state if change.write else reports[-1])
    return reports


def test_a_report_in_charge_shows_its_office_and_due_date() -> None:
    report = after(opened)[-1]

    assert (report.status, report.route, report.due_at) == (Status.IN_CHARGE, "technical-office", DUE)


def test_a_held_report_whose_case_is_opened_is_in_charge() -> None:
    assert [report.status for report in after(held, opened)] == ["registered", "held", "in-charge"]


def test_a_missed_due_date_does_not_change() -> None:
    report = after(opened, escalated)[-1]

    assert (report.status, report.due_at) == (Status.ESCALATED, DUE)


def test_a_late_report_whose_case_is_opened_stays_late_and_shows_its_office() -> None:
    report = after(held, escalated, opened)[-1]

    assert (report.status, report.route) == (Status.ESCALATED, "technical-office")


def test_a_report_that_changes_hands_shows_who_has_it_and_by_when() -> None:
    report = after(opened, reassigned, handed_off)[-1]

    assert (report.status, report.route, report.due_at) == (
        Status.IN_CHARGE,
        "admin-office",
        DUE + timedelta(days=1),
    )
    assert [step.what for step in report.history] == ["in-charge", "reassigned", "handed-off"]


def test_a_closed_report_that_is_reopened_is_in_charge_with_a_new_due_date_and_can_be_closed_again() -> None:
    *_, open_again, closed_again = after(opened, closed, reopened, closed)

    assert (open_again.status, open_again.outcome, open_again.due_at) == (
        Status.IN_CHARGE,
        None,
        DUE + timedelta(days=9),
    )
    assert (closed_again.status, closed_again.outcome) == (Status.CLOSED, "solved")


def test_a_withdrawn_report_is_not_reopened() -> None:
    assert after(opened, withdrawn, reopened)[-1].status is Status.WITHDRAWN


def test_a_withdrawn_report_stays_withdrawn() -> None:
    report = after(opened, withdrawn, closed)[-1]

    assert (report.status, report.outcome) == (Status.WITHDRAWN, None)


def test_an_event_of_a_missing_report_is_early() -> None:
    with pytest.raises(Early):
        opened(None, Moment(NOW, "e"))


@given(
    st.lists(
        st.sampled_from([opened, held, escalated, reassigned, handed_off, closed, withdrawn]), max_size=12
    )
)
def test_a_status_never_goes_back_and_an_ended_report_never_changes(steps: list[Step]) -> None:
    reports = after(*steps)

    for before, later in pairwise(reports):
        assert progress(later.status) >= progress(before.status)
        assert later.updated_at >= before.updated_at
        if before.status in ENDED:
            assert later == before


@given(
    st.lists(
        st.sampled_from([opened, held, escalated, reassigned, handed_off, closed, withdrawn]), max_size=8
    )
)
def test_a_repeated_event_has_the_effect_of_one(steps: list[Step]) -> None:
    once, twice = after(*steps)[-1], after(*(step for step in steps for _ in range(2)))[-1]

    assert (once.status, once.route, once.due_at, once.outcome) == (
        twice.status,
        twice.route,
        twice.due_at,
        twice.outcome,
    )
