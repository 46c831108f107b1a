"""Months by the calendar, days in Italy, the scale of equivalence."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from subsidies.adapters.rule_files import Rules
from subsidies.domain.days import add_months, day_in_italy, months_between
from subsidies.domain.decision_texts import money
from subsidies.domain.equivalence_scale import base_hundredths, scale_hundredths
from subsidies.domain.expressions import PatrimonyScale
from subsidies.domain.facts import Household
from subsidies.domain.pack_parser import parse_pack_text
from subsidies.domain.packs import Scale

DAYS = st.dates(date(1950, 1, 1), date(2090, 1, 1))


@pytest.fixture
def scale(rules: Rules) -> Scale:
    return parse_pack_text(rules.packs[0].text).scale


@given(start=DAYS, months=st.integers(0, 600))
def test_months_added_are_months_counted(start: date, months: int) -> None:
    anniversary = add_months(start, months)

    assert months_between(start, anniversary) == months
    assert months_between(start, anniversary - timedelta(days=1)) == months - 1


@pytest.mark.parametrize(
    ("start", "end", "months"),
    [
        (date(2024, 1, 15), date(2026, 1, 15), 24),
        (date(2024, 1, 16), date(2026, 1, 15), 23),
        (date(2024, 2, 29), date(2026, 2, 28), 24),
        (date(2025, 8, 31), date(2025, 9, 30), 1),
        (date(2026, 2, 1), date(2026, 1, 15), -1),
    ],
)
def test_whole_months_are_counted_by_the_calendar(start: date, end: date, months: int) -> None:
    assert months_between(start, end) == months


def test_the_day_is_the_one_in_italy() -> None:
    assert day_in_italy(datetime(2026, 12, 31, 22, 59, tzinfo=UTC)) == date(2026, 12, 31)
    assert day_in_italy(datetime(2026, 12, 31, 23, 0, tzinfo=UTC)) == date(2027, 1, 1)
    assert day_in_italy(datetime(2026, 7, 31, 22, 0, tzinfo=UTC)) == date(2026, 8, 1)


@pytest.mark.parametrize(
    ("members", "expected"), [(1, 100), (2, 157), (3, 204), (4, 246), (5, 285), (6, 320), (8, 390)]
)
def test_the_scale_grows_with_the_members(scale: Scale, members: int, expected: int) -> None:
    assert base_hundredths(scale, members) == expected


@pytest.mark.parametrize(
    ("household", "expected"),
    [
        (Household(5, 3, 3, 0, ()), 305),
        (Household(6, 4, 4, 0, ("working-parents",)), 375),
        (Household(7, 5, 5, 0, ("working-parents-child-under-3",)), 435),
        (Household(2, 1, 1, 0, ("single-non-working-parent",)), 177),
        (Household(3, 1, 1, 2, ()), 304),
        (Household(4, 2, 2, 0, ("working-parents", "working-parents-child-under-3")), 276),
    ],
)
def test_the_composition_raises_the_scale(scale: Scale, household: Household, expected: int) -> None:
    assert scale_hundredths(scale, household) == expected


@pytest.mark.parametrize(
    ("members", "euro"),
    [(1, 22_000), (2, 23_850), (3, 26_200), (4, 28_300), (5, 30_250), (6, 32_000), (7, 33_750), (8, 35_500)],
)
def test_the_patrimonial_threshold_follows_the_scale(scale: Scale, members: int, euro: int) -> None:
    threshold = PatrimonyScale(2_200_000, 1_600_000, 500_000)

    assert threshold.limit_cents(members, base_hundredths(scale, members)) == euro * 100


@pytest.mark.parametrize(
    ("cents", "text"), [(0, "0,00 €"), (5, "0,05 €"), (936000, "9.360,00 €"), (123456789, "1.234.567,89 €")]
)
def test_money_is_written_as_italians_do(cents: int, text: str) -> None:
    assert money(cents) == text
