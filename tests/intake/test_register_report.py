"""Registering and withdrawing a report."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from chassis.errors import Early, Refused
from chassis.handling import Moment
from contracts.intake import ReportRegistered, ReportWithdrawn
from intake.domain.categories import Categories, Category, Kind, Urgency
from intake.domain.places import Place, PlaceKind
from intake.domain.reports import Report, Status
from intake.handlers.documents import PRIVATE, REPORTS, PrivatePart
from intake.handlers.register_report import RegisterReport, register_report
from intake.handlers.withdraw_report import WithdrawReport, withdraw_report

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
ID = "01932c0a-0000-7000-8000-000000000001"
SEALED = PrivatePart(ID, b"key", {"text": b"sealed"})
CATEGORIES = Categories(
    "v1",
    categories=(
        Category("verde", "Verde", Kind.TECHNICAL, Urgency.N),
        Category("ascensore", "Ascensore", Kind.TECHNICAL, Urgency.U),
        Category("isolamento", "Isolamento", Kind.SOCIAL, Urgency.S),
        Category("pericolo-immediato", "Pericolo", Kind.DANGER, Urgency.E0),
    ),
)
PLACE = Place("lc-rancio-01", "Edificio A", "rancio", "Rancio", "lecco", "Lecco")
PLACES = {
    PLACE.id: PLACE,
    "flat": replace(PLACE, kind=PlaceKind.FLAT),
    "province": replace(PLACE, kind=PlaceKind.PROVINCE),
    "closed": replace(PLACE, closed_on="2026-11-20"),
}
COMMAND = RegisterReport(
    report_id=ID,
    tracking_code="ABCDE-FGHJK",
    pin_hash="hash",
    sender_hash="sender",
    fingerprint="print",
    category="verde",
    place_id="lc-rancio-01",
    channel="web",
    language="it",
    frail=False,
    heard_at=None,
    sealed=SEALED,
)


def published(command: RegisterReport) -> ReportRegistered:
    change = register_report(command, None, None, CATEGORIES, PLACE, Moment(NOW, f"report:{ID}"))
    (event,) = change.events
    assert isinstance(event, ReportRegistered)
    return event


def known(status: Status = Status.REGISTERED) -> Report:
    change = register_report(COMMAND, None, None, CATEGORIES, PLACE, Moment(NOW, f"report:{ID}"))
    report = next(put.state for put in change.write if put.collection is REPORTS)
    assert isinstance(report, Report)
    return replace(report, status=status)


def test_a_report_is_stored_with_its_sealed_content_and_published_once() -> None:
    change = register_report(COMMAND, None, None, CATEGORIES, PLACE, Moment(NOW, f"report:{ID}"))

    assert [put.collection for put in change.write] == [REPORTS, PRIVATE]
    assert list(change.events) == [
        ReportRegistered(
            report_id=ID,
            category="verde",
            kind="technical",
            urgency="n",
            place_id="lc-rancio-01",
            neighbourhood="rancio",
            province="lecco",
            channel="web",
            language="it",
            heard_at=NOW,
        )
    ]


def test_heard_at_is_the_time_that_the_agency_heard_the_report() -> None:
    heard = NOW - timedelta(days=3)

    assert published(replace(COMMAND, heard_at=heard)).heard_at == heard


@pytest.mark.parametrize(("category", "urgency"), [("verde", "u"), ("ascensore", "e1"), ("isolamento", "s")])
def test_a_frail_person_raises_ordinary_and_urgent_by_one_class(category: str, urgency: str) -> None:
    assert published(replace(COMMAND, category=category, frail=True)).urgency == urgency


def test_the_same_report_again_changes_nothing() -> None:
    change = register_report(COMMAND, known(), SEALED, CATEGORIES, PLACE, Moment(NOW, "again"))

    assert (change.write, change.events) == ((), ())
    assert change.answer == {"tracking_code": "ABCDE-FGHJK", "known": True, "sender_hash": "sender"}


def test_the_same_report_of_another_sender_returns_the_first_sender() -> None:
    command = replace(COMMAND, sender_hash="another")

    change = register_report(command, known(), SEALED, CATEGORIES, PLACE, Moment(NOW, "again"))

    assert change.write == ()
    assert change.answer == {"tracking_code": "ABCDE-FGHJK", "known": True, "sender_hash": "sender"}


def test_another_report_under_its_id_is_refused() -> None:
    other = replace(COMMAND, fingerprint="other")

    with pytest.raises(Refused, match="id-reused"):
        register_report(other, known(), SEALED, CATEGORIES, PLACE, Moment(NOW, "other"))


@pytest.mark.parametrize(
    ("changes", "slug"),
    [
        ({"category": "pericolo-immediato"}, "call-112"),
        ({"category": "pericolo-immediato", "place_id": "luna"}, "call-112"),
        ({"category": "astronavi"}, "unknown-category"),
        ({"place_id": "luna"}, "unknown-place"),
        ({"place_id": "flat"}, "place-is-flat"),
        ({"place_id": "province"}, "place-too-wide"),
        ({"place_id": "closed"}, "place-closed"),
        ({"heard_at": NOW + timedelta(hours=1)}, "heard-in-future"),
    ],
)
def test_a_report_that_violates_a_rule_is_refused_with_its_field(
    changes: dict[str, object], slug: str
) -> None:
    command = replace(COMMAND, **changes)  # type: ignore[arg-type]

    with pytest.raises(Refused) as refused:
        register_report(command, None, None, CATEGORIES, PLACES.get(command.place_id), Moment(NOW, "x"))

    assert (refused.value.slug, refused.value.status) == (slug, 422)


def test_a_report_waits_for_the_categories() -> None:
    with pytest.raises(Early):
        register_report(COMMAND, None, None, None, PLACE, Moment(NOW, "x"))


@pytest.mark.parametrize("status", [Status.REGISTERED, Status.HELD, Status.IN_CHARGE, Status.ESCALATED])
def test_an_open_report_is_withdrawn_and_the_withdrawal_published(status: Status) -> None:
    change = withdraw_report(WithdrawReport(ID, "mistake"), known(status), Moment(NOW, "w"))

    assert [put.state.status for put in change.write] == [Status.WITHDRAWN]
    assert list(change.events) == [ReportWithdrawn(report_id=ID, reason="mistake")]


def test_a_withdrawn_report_does_not_change() -> None:
    change = withdraw_report(WithdrawReport(ID, "other"), known(Status.WITHDRAWN), Moment(NOW, "w"))

    assert (change.write, change.events) == ((), ())


def test_a_closed_report_cannot_be_withdrawn() -> None:
    with pytest.raises(Refused, match="report-closed"):
        withdraw_report(WithdrawReport(ID, "other"), known(Status.CLOSED), Moment(NOW, "w"))


def test_what_was_heard_while_the_place_was_in_use_is_registered() -> None:
    command = replace(COMMAND, heard_at=NOW - timedelta(days=1))

    change = register_report(command, None, None, CATEGORIES, PLACES["closed"], Moment(NOW, "x"))

    assert change.events
