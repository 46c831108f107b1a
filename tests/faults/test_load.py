"""The load of a campaign is a scenario like the demo's, only longer."""

from datetime import UTC, datetime

from bench.faults.load import generate

CATEGORIES = [
    {"code": "infiltrazioni", "kind": "technical", "label": "Infiltrazioni"},
    {"code": "contratto", "kind": "administrative", "label": "Contratto"},
    {"code": "contributo", "kind": "contribution", "label": "Contributo"},
    {"code": "pericolo", "kind": "danger", "label": "Pericolo"},
]
PLACES = [
    {"id": "bg-esempio-01", "province": "BG", "label": "Via degli Esempi 1"},
    {"id": "lc-esempio-01", "province": "LC", "label": "Via dei Modelli 2"},
]
START = datetime(2026, 11, 20, 8, tzinfo=UTC)


def test_the_same_seed_gives_the_same_stream() -> None:
    assert generate(5, CATEGORIES, PLACES, START, 400) == generate(5, CATEGORIES, PLACES, START, 400)


def test_every_report_has_an_id_of_its_own_and_no_danger_is_reported() -> None:
    day = generate(5, CATEGORIES, PLACES, START, 2_000)
    assert len({report.report_id for report in day.reports}) == 2_000
    assert all(report.kind != "danger" for report in day.reports)


def test_nothing_happens_twice_to_one_report_and_money_is_asked_for_with_data() -> None:
    day = generate(5, CATEGORIES, PLACES, START, 2_000)
    fates = [*day.again, *day.reused, *day.withdrawn, *day.resolved]
    assert len(fates) == len(set(fates)) > 200
    money = {report.number for report in day.reports if report.kind == "contribution"}
    assert money == {report.number for report in day.reports if report.data}
    assert not money & set(fates)
