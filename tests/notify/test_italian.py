"""Dates, amounts and names as they are written in Italy."""

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from notify.domain.italian import day, day_and_hour, euro, greeting_name


@pytest.mark.parametrize(
    ("cents", "written"),
    [
        (0, "0,00 €"),
        (5, "0,05 €"),
        (185_000, "1.850,00 €"),
        (123_456_789, "1.234.567,89 €"),
        (99_999, "999,99 €"),
    ],
)
def test_an_amount_has_dots_for_thousands_and_a_comma_for_cents(cents: int, written: str) -> None:
    assert euro(cents) == written


@settings(deadline=None)
@given(st.integers(0, 10**12))
def test_every_amount_can_be_read_back_to_the_cent(cents: int) -> None:
    assert int(euro(cents).removesuffix(" €").replace(".", "").replace(",", "")) == cents


@pytest.mark.parametrize(
    ("instant", "written"),
    [
        (datetime(2026, 12, 4, 17, tzinfo=UTC), "venerdì 4 dicembre 2026, ore 18:00"),
        (datetime(2026, 7, 1, 16, tzinfo=UTC), "mercoledì 1º luglio 2026, ore 18:00"),
        (datetime(2026, 10, 25, 0, 30, tzinfo=UTC), "domenica 25 ottobre 2026, ore 2:30"),
        (datetime(2026, 12, 31, 23, 30, tzinfo=UTC), "venerdì 1º gennaio 2027, ore 0:30"),
    ],
)
def test_a_date_is_that_of_rome(instant: datetime, written: str) -> None:
    assert day_and_hour(instant) == written
    assert written.startswith(day(instant))


@pytest.mark.parametrize(
    "name",
    ["Maria Esempio", "Niccolò D'Esempio", "Anna-Maria de' Campioni", "Đặng Thị Mẫu", "محمد", "Ana M. Prova"],
)
def test_people_are_greeted_by_their_name(name: str) -> None:
    assert greeting_name(f"  {name} ") == name


@pytest.mark.parametrize(
    "name",
    [
        None,
        "",
        "  ",
        "http://example.org",
        "visit example.org/win now",
        "a@example.org",
        "Chiami 035 000000",
        "x" * 61,
        "una due tre quattro cinque sei sette otto",
        "Maria\u202eoipmesE",
        "<b>Maria</b>",
    ],
)
def test_what_does_not_look_like_a_name_is_not_repeated(name: str | None) -> None:
    assert greeting_name(name) is None
