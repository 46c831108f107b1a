"""Due dates are on working days of the province, and exact across daylight saving changes."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from routing.domain.calendar import (
    ROME,
    Calendar,
    Clocks,
    Feast,
    Span,
    Unit,
    due,
    easter,
    ends,
    is_working_day,
)
from routing.domain.registers import Register

LAW = "test"
FEASTS = (
    Feast("Capodanno", 1, 1, LAW),
    Feast("Epifania", 1, 6, LAW),
    Feast("Liberazione", 4, 25, LAW),
    Feast("San Francesco", 10, 4, LAW, since=2026),
    Feast("Natale", 12, 25, LAW),
    Feast("Santo Stefano", 12, 26, LAW),
    Feast("Sant'Alessandro", 8, 26, LAW, province="bergamo"),
)
N = Clocks("n", Span(10, Unit.WORKING_DAYS), Span(20, Unit.WORKING_DAYS), LAW)
CALENDAR = Calendar("test", 18, "n", (N,), FEASTS)
INSTANTS = st.datetimes(datetime(2020, 1, 1), datetime(2040, 1, 1)).map(lambda when: when.replace(tzinfo=UTC))  # noqa: DTZ001


def working(days: int) -> Span:
    return Span(days, Unit.WORKING_DAYS)


def local(instant: datetime) -> str:
    return instant.astimezone(ROME).isoformat()


@pytest.mark.parametrize(
    ("year", "sunday"),
    [
        (1818, date(1818, 3, 22)),
        (1943, date(1943, 4, 25)),
        (2000, date(2000, 4, 23)),
        (2024, date(2024, 3, 31)),
        (2026, date(2026, 4, 5)),
        (2027, date(2027, 3, 28)),
        (2038, date(2038, 4, 25)),
    ],
)
def test_easter_agrees_with_published_dates(year: int, sunday: date) -> None:
    assert easter(year) == sunday


@settings(deadline=None)
@given(st.integers(1583, 4099))
def test_easter_is_a_sunday_between_22_march_and_25_april(year: int) -> None:
    assert easter(year).weekday() == 6
    assert date(year, 3, 22) <= easter(year) <= date(year, 4, 25)


def test_day_0_is_not_counted() -> None:
    monday = datetime(2026, 11, 16, 8, tzinfo=UTC)

    assert local(ends(CALENDAR, working(3), "bergamo", monday)) == "2026-11-19T18:00:00+01:00"


def test_day_0_is_the_day_in_rome_and_not_in_utc() -> None:
    tuesday_in_rome = datetime(2026, 11, 16, 23, 30, tzinfo=UTC)

    assert local(ends(CALENDAR, working(3), "bergamo", tuesday_in_rome)) == "2026-11-20T18:00:00+01:00"


def test_a_report_of_a_weekend_counts_from_monday() -> None:
    saturday = datetime(2026, 11, 21, 10, tzinfo=UTC)

    assert local(ends(CALENDAR, working(1), "bergamo", saturday)) == "2026-11-23T18:00:00+01:00"


def test_a_patron_day_counts_only_in_its_province() -> None:
    tuesday_before = datetime(2026, 8, 25, 10, tzinfo=UTC)

    assert local(ends(CALENDAR, working(1), "bergamo", tuesday_before)) == "2026-08-27T18:00:00+02:00"
    assert local(ends(CALENDAR, working(1), "lecco", tuesday_before)) == "2026-08-26T18:00:00+02:00"


def test_easter_monday_is_no_working_day() -> None:
    good_friday = datetime(2026, 4, 3, 10, tzinfo=UTC)

    assert local(ends(CALENDAR, working(1), "bergamo", good_friday)) == "2026-04-07T18:00:00+02:00"


def test_a_new_holiday_does_not_change_earlier_years() -> None:
    assert is_working_day(CALENDAR, "bergamo", date(2024, 10, 4))
    assert not is_working_day(CALENDAR, "bergamo", date(2027, 10, 4))


def test_the_holidays_of_the_next_year_count_too() -> None:
    before_christmas = datetime(2026, 12, 24, 10, tzinfo=UTC)

    # 25 and 26 December, the weekends, 1 and 6 January are not counted.
    assert local(ends(CALENDAR, working(6), "bergamo", before_christmas)) == "2027-01-05T18:00:00+01:00"
    assert local(ends(CALENDAR, working(7), "bergamo", before_christmas)) == "2027-01-07T18:00:00+01:00"


@pytest.mark.parametrize(
    ("heard_at", "closing"),
    [
        ("2026-10-23T10:00:00+02:00", "2026-10-26T18:00:00+01:00"),
        ("2026-03-27T10:00:00+01:00", "2026-03-30T18:00:00+02:00"),
    ],
)
def test_closing_time_stays_18_in_rome_when_the_clocks_change(heard_at: str, closing: str) -> None:
    assert local(ends(CALENDAR, working(1), "bergamo", datetime.fromisoformat(heard_at))) == closing


@pytest.mark.parametrize(
    ("heard_at", "a_day_later"),
    [
        ("2026-10-24T20:00:00+02:00", "2026-10-25T19:00:00+01:00"),
        ("2026-03-28T20:00:00+01:00", "2026-03-29T21:00:00+02:00"),
    ],
)
def test_24_hours_are_24_hours_when_the_clocks_change(heard_at: str, a_day_later: str) -> None:
    heard = datetime.fromisoformat(heard_at)

    end = ends(CALENDAR, Span(24, Unit.HOURS), "bergamo", heard)

    assert local(end) == a_day_later
    assert end.timestamp() - heard.timestamp() == 86_400


def test_thirty_days_are_calendar_days() -> None:
    heard = datetime(2026, 10, 10, 10, tzinfo=UTC)

    assert local(ends(CALENDAR, Span(30, Unit.DAYS), "bergamo", heard)) == "2026-11-09T18:00:00+01:00"


@settings(deadline=None)
@given(INSTANTS, st.integers(1, 60), st.sampled_from(["bergamo", "lecco", "elsewhere"]))
def test_every_span_ends_on_a_working_day_at_18_after_that_number_of_working_days(
    heard: datetime, count: int, province: str
) -> None:
    end = ends(CALENDAR, working(count), province, heard).astimezone(ROME)
    day_0 = heard.astimezone(ROME).date()
    days = (day_0 + timedelta(days=n) for n in range(1, (end.date() - day_0).days + 1))

    assert (end.hour, end.minute, end.second, end.microsecond) == (18, 0, 0, 0)
    assert is_working_day(CALENDAR, province, end.date())
    assert sum(is_working_day(CALENDAR, province, day) for day in days) == count


@settings(deadline=None)
@given(INSTANTS, st.timedeltas(timedelta(0), timedelta(days=40)), st.integers(1, 30))
def test_a_later_report_is_never_due_earlier(heard: datetime, later: timedelta, count: int) -> None:
    first = ends(CALENDAR, working(count), "bergamo", heard)

    assert first <= ends(CALENDAR, working(count), "bergamo", heard + later)
    assert first <= ends(CALENDAR, working(count + 1), "bergamo", heard)


def test_a_class_that_is_not_listed_has_the_time_limits_of_unknown() -> None:
    heard = datetime(2026, 11, 16, 8, tzinfo=UTC)

    assert due(CALENDAR, "zz", "bergamo", heard) == due(CALENDAR, "n", "bergamo", heard)


@pytest.mark.parametrize(
    ("urgency", "contact", "done"),
    [
        ("e1", "2026-11-24T09:30:00+01:00", "2026-11-24T09:30:00+01:00"),
        ("u", "2026-11-26T18:00:00+01:00", "2026-12-02T18:00:00+01:00"),
        ("n", "2026-12-07T18:00:00+01:00", "2026-12-22T18:00:00+01:00"),
        ("a", "2026-12-07T18:00:00+01:00", "2026-12-23T18:00:00+01:00"),
        ("s", "2026-12-07T18:00:00+01:00", "2026-12-22T18:00:00+01:00"),
    ],
)
def test_the_shipped_time_limits_are_those_of_the_agency(
    register: Register, urgency: str, contact: str, done: str
) -> None:
    monday = datetime.fromisoformat("2026-11-23T09:30:00+01:00")

    dates = due(register.calendar, urgency, "bergamo", monday)

    assert (local(dates.contact), local(dates.done)) == (contact, done)
