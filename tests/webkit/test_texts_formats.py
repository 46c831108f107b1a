"""Dates, durations, amounts and lists in every language."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webkit.i18n import PUBLIC, Language, Texts, formats

TEXTS = Texts()
ITALIAN = TEXTS.language("it")
EVENING = datetime(2026, 12, 4, 17, tzinfo=UTC)
LANGUAGE = st.sampled_from(PUBLIC).map(TEXTS.language)


@pytest.mark.parametrize(
    ("instant", "written"),
    [
        (EVENING, "venerdì 4 dicembre 2026, ore 18:00"),
        (datetime(2026, 7, 1, 16, tzinfo=UTC), "mercoledì 1º luglio 2026, ore 18:00"),
        (datetime(2026, 10, 25, 0, 30, tzinfo=UTC), "domenica 25 ottobre 2026, ore 2:30"),
        (datetime(2026, 12, 31, 23, 30, tzinfo=UTC), "venerdì 1º gennaio 2027, ore 0:30"),
    ],
)
def test_a_date_is_the_date_in_rome(instant: datetime, written: str) -> None:
    assert formats.day_and_hour(instant, ITALIAN) == written
    assert written.startswith(formats.day(instant, ITALIAN))


@pytest.mark.parametrize(
    ("code", "written"),
    [
        ("it", "venerdì 4 dicembre 2026, ore 18:00"),
        ("en", "Friday, 4 December 2026 at 18:00"),
        ("fr", "vendredi 4 décembre 2026 à 18:00"),
        ("ar", "الجمعة، 4 ديسمبر 2026، الساعة 18:00"),
        ("es", "viernes, 4 de diciembre de 2026, 18:00 h"),
        ("ro", "vineri, 4 decembrie 2026, ora 18:00"),
        ("uk", "пʼятниця, 4 грудня 2026\u202fр., 18:00"),
        ("zh", "2026年12月4日星期五 18:00"),
    ],
)
def test_a_moment_is_written_as_each_language_writes_it(code: str, written: str) -> None:
    assert formats.day_and_hour(EVENING, TEXTS.language(code)) == written


def test_the_first_of_a_month_is_an_ordinal_where_it_is_read_as_one() -> None:
    first = date(2026, 1, 1)

    assert formats.plain_date(first, ITALIAN) == "1º gennaio 2026"
    assert formats.day(first, TEXTS.language("fr")) == "jeudi 1er janvier 2026"
    assert formats.plain_date(date(2026, 1, 11), ITALIAN) == "11 gennaio 2026"
    assert formats.plain_date(first, TEXTS.language("en")) == "1 January 2026"


def test_a_table_has_dates_in_digits() -> None:
    assert formats.short_date(EVENING, ITALIAN) == "04/12/2026"
    assert formats.short_date(EVENING, TEXTS.language("en")) == "04/12/2026"


def test_a_moment_without_offset_is_refused() -> None:
    with pytest.raises(ValueError, match="offset"):
        formats.day(datetime(2026, 12, 4, 17), ITALIAN)  # noqa: DTZ001


@pytest.mark.parametrize(
    ("days", "written"),
    [
        (0, "oggi"),
        (1, "domani"),
        (-1, "ieri"),
        (3, "tra 3 giorni"),
        (-3, "3 giorni fa"),
        (40, "tra 40 giorni"),
    ],
)
def test_a_day_is_seen_from_today(days: int, written: str) -> None:
    assert formats.relative_day(EVENING + timedelta(days=days), EVENING, ITALIAN) == written


def test_tomorrow_begins_at_midnight_in_rome() -> None:
    before = datetime(2026, 12, 4, 22, 59, tzinfo=UTC)

    assert formats.relative_day(before, EVENING, ITALIAN) == "oggi"
    assert formats.relative_day(before + timedelta(minutes=1), EVENING, ITALIAN) == "domani"


@pytest.mark.parametrize(
    ("seconds", "written"),
    [
        (0, "un minuto"),
        (61, "2 minuti"),
        (900, "15 minuti"),
        (3541, "un'ora"),
        (3601, "2 ore"),
        (21600, "6 ore"),
    ],
)
def test_a_wait_is_rounded_up(seconds: int, written: str) -> None:
    assert formats.duration(seconds, ITALIAN) == written


@pytest.mark.parametrize(
    ("cents", "written"),
    [(0, "0,00 €"), (5, "0,05 €"), (185_000, "1.850,00 €"), (123_456_789, "1.234.567,89 €"), (-5, "-0,05 €")],
)
def test_an_amount_has_dots_for_thousands_and_a_comma_for_cents(cents: int, written: str) -> None:
    assert formats.euro(cents, ITALIAN) == written


@given(st.integers(-(10**12), 10**12), LANGUAGE)
def test_every_amount_can_be_read_back_to_the_cent_in_every_language(cents: int, language: Language) -> None:
    written = formats.euro(cents, language)
    digits = "".join(one for one in written if one.isdigit())

    assert int(digits) == abs(cents)
    assert "€" in written


def test_a_list_is_a_phrase() -> None:
    assert formats.listed(["a", "b", "c"], ITALIAN) == "a, b e c"
    assert formats.listed(["a", "b"], TEXTS.language("en"), "or") == "a or b"
    assert formats.listed([], ITALIAN) == ""


def test_a_phone_number_keeps_its_order_among_right_to_left_words() -> None:
    assert formats.isolated("035 12 34 56", ITALIAN) == "035 12 34 56"
    assert formats.isolated("035 12 34 56", TEXTS.language("ar")) == "\u2066035 12 34 56\u2069"


@given(
    st.integers(-(2 * 10**9), 7 * 10**9).map(lambda seconds: datetime.fromtimestamp(seconds, UTC)), LANGUAGE
)
def test_every_moment_is_written_in_every_language(moment: datetime, language: Language) -> None:
    written = formats.day_and_hour(moment, language)

    assert formats.day(moment, language) in written
    assert "%" not in written
    assert formats.relative_day(moment, EVENING, language)
