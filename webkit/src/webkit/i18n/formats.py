"""Dates, durations, amounts and lists as a language writes them; the days and hours are those of Rome."""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Literal
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_skeleton, format_time, format_timedelta
from babel.lists import format_list
from babel.numbers import format_currency, format_decimal

from webkit.i18n.languages import Language

ROME = ZoneInfo("Europe/Rome")
# The first of the month is an ordinal in these languages, and CLDR has it as a number.
_FIRST = {"it": ("1 ", "1º "), "fr": ("1 ", "1er ")}
# Babel composes a date from its patterns each time; the days of a year's deadlines in each language are fewer.
KEPT_DATES = 4096
LEFT_TO_RIGHT, END_OF_ISOLATE = "\u2066", "\u2069"


def day(moment: date | datetime, language: Language) -> str:
    """The day with its weekday: `venerdì 4 dicembre 2026`."""
    return _written(_in_rome(moment), "full", language)


def plain_date(moment: date | datetime, language: Language) -> str:
    """The day without its weekday: `4 dicembre 2026`."""
    return _written(_in_rome(moment), "long", language)


def short_date(moment: date | datetime, language: Language) -> str:
    """The day in digits, for tables: `04/12/2026`."""
    return format_skeleton("yMd", _in_rome(moment), locale=language.locale)


def hour(moment: datetime, language: Language) -> str:
    """The time of day, from 0:00 to 23:59 in every language: `18:00`."""
    there = moment.astimezone(ROME)
    return _written_hour(time(there.hour, there.minute), language)


def day_and_hour(moment: datetime, language: Language) -> str:
    """The day and the time: `venerdì 4 dicembre 2026, ore 18:00`."""
    return language.label("format", "day-and-hour", day=day(moment, language), hour=hour(moment, language))


def month(moment: date, language: Language) -> str:
    """The month and the year, short: `nov 2026`."""
    return str(format_skeleton("yMMM", moment, locale=language.locale))


def date_and_hour(moment: datetime, language: Language) -> str:
    """The day without its weekday, and the time: `4 dicembre 2026, ore 18:00`."""
    written = plain_date(moment, language)
    return language.label("format", "day-and-hour", day=written, hour=hour(moment, language))


def relative_day(moment: date | datetime, now: date | datetime, language: Language) -> str:
    """The day as seen from another: `oggi`, `domani`, `ieri`, `tra 3 giorni`, `3 giorni fa`."""
    days = (_in_rome(moment) - _in_rome(now)).days
    if abs(days) <= 1:
        return language.label("format", {0: "today", 1: "tomorrow", -1: "yesterday"}[days])
    return format_timedelta(
        timedelta(days=days), granularity="day", threshold=1e9, add_direction=True, locale=language.locale
    )


def duration(seconds: int, language: Language) -> str:
    """A duration, rounded up to minutes or hours: `un minuto`, `15 minuti`, `un'ora`, `6 ore`."""
    minutes = max(1, -(-seconds // 60))
    if minutes < 60:
        return language.label("duration", "minute", n=minutes)
    return language.label("duration", "hour", n=-(-minutes // 60))


def euro(cents: int, language: Language) -> str:
    """An amount of euro with its cents: `1.850,00 €`."""
    amount = format_currency(Decimal(cents).scaleb(-2), "EUR", locale=language.locale)
    return _plain_spaces(amount.replace("EUR", "€"))


def number(value: int | Decimal, language: Language) -> str:
    """A number with the separators of the language: `1.850`."""
    return _plain_spaces(format_decimal(value, locale=language.locale))


def listed(items: Sequence[str], language: Language, style: Literal["standard", "or"] = "standard") -> str:
    """The items as a phrase: `a, b e c`, or `a, b o c` in the style `or`."""
    return format_list([str(item) for item in items], style=style, locale=language.locale)


def isolated(text: str, language: Language) -> str:
    """A code, number or address left as it is: among right-to-left words, invisible marks keep its own order."""
    return f"{LEFT_TO_RIGHT}{text}{END_OF_ISOLATE}" if language.direction == "rtl" else text


@lru_cache(KEPT_DATES)
def _written(there: date, style: Literal["full", "long"], language: Language) -> str:
    return _ordinal(format_date(there, style, language.locale), there, language)


@lru_cache(KEPT_DATES)
def _written_hour(there: time, language: Language) -> str:
    return format_time(there, "H:mm", locale=language.locale)


def _in_rome(moment: date | datetime) -> date:
    if not isinstance(moment, datetime):
        return moment
    if moment.tzinfo is None:
        raise ValueError("a moment needs its offset")
    return moment.astimezone(ROME).date()


def _ordinal(written: str, there: date, language: Language) -> str:
    plain, first = _FIRST.get(language.code, ("", ""))
    if there.day != 1 or not plain:
        return written
    return (
        written.replace(f" {plain}", f" {first}", 1)
        if f" {plain}" in written
        else written.replace(plain, first, 1)
    )


def _plain_spaces(text: str) -> str:
    return text.replace("\N{NO-BREAK SPACE}", " ").replace("\N{NARROW NO-BREAK SPACE}", " ")
