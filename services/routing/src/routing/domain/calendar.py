"""Due dates: spans in elapsed hours, or in days of the agency's calendar; exact across daylight saving changes."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from zoneinfo import ZoneInfo

ROME = ZoneInfo("Europe/Rome")
A_DAY = timedelta(days=1)


class Unit(StrEnum):
    """The unit of a span."""

    HOURS = "hours"
    DAYS = "days"
    WORKING_DAYS = "working-days"


@dataclass(frozen=True)
class Span:
    """A length of time that starts on day 0, which is not counted."""

    number: int
    unit: Unit


@dataclass(frozen=True)
class Clocks:
    """The time limits of an urgency class for first contact and completion, and the source that sets them."""

    urgency: str
    contact: Span
    done: Span
    source: str


@dataclass(frozen=True)
class Feast:
    """A public holiday on a fixed date, each year from `since`; with a province, only there."""

    name: str
    month: int
    day: int
    source: str
    province: str | None = None
    since: int = 1949


@dataclass(frozen=True, eq=False)
class Calendar:
    """The agency's holidays and time limits; urgency classes that are not listed have the limits of the class `unknown`.

    Compared by identity: a cache lookup by value would cost more than the calculation.
    """

    version: str
    closing_hour: int
    unknown: str
    clocks: tuple[Clocks, ...]
    feasts: tuple[Feast, ...]


@dataclass(frozen=True)
class Due:
    """Day 0, and the latest instants for first contact and for completion (all UTC)."""

    heard_at: datetime
    contact: datetime
    done: datetime


@lru_cache(maxsize=512)
def easter(year: int) -> date:
    """Easter Sunday of a Gregorian year, by the anonymous algorithm of 1876 (Meeus/Jones/Butcher)."""
    golden = year % 19
    century, of_century = divmod(year, 100)
    moon = (19 * golden + century - century // 4 - (century - (century + 8) // 25 + 1) // 3 + 15) % 30
    week = (32 + 2 * (century % 4) + 2 * (of_century // 4) - moon - of_century % 4) % 7
    shift = (golden + 11 * moon + 22 * week) // 451
    month, day = divmod(moon + week - 7 * shift + 114, 31)
    return date(year, month, day + 1)


def feasts_of(calendar: Calendar, year: int, province: str) -> frozenset[date]:
    """The public holidays of a year in a province, including Easter Monday (art. 2 L. 260/1949)."""
    fixed = {
        date(year, feast.month, feast.day)
        for feast in calendar.feasts
        if feast.since <= year and feast.province in (None, province)
    }
    return frozenset(fixed | {easter(year) + A_DAY})


def is_working_day(calendar: Calendar, province: str, day: date) -> bool:
    """Whether the agency works on this day in this province: Monday to Friday, no public holiday."""
    return day.weekday() < 5 and day not in feasts_of(calendar, day.year, province)


def working_days_after(calendar: Calendar, province: str, day: date, count: int) -> date:
    """The working day that is `count` working days after a day; that day is not counted."""
    feasts = feasts_of(calendar, day.year, province)
    while count:
        day += A_DAY
        if day.month == 1 and day.day == 1:
            feasts = feasts_of(calendar, day.year, province)
        if day.weekday() < 5 and day not in feasts:
            count -= 1
    return day


def ends(calendar: Calendar, span: Span, province: str, heard_at: datetime) -> datetime:
    """The instant (UTC) at which a span ends: after exact hours, or at the closing hour in Rome of its last day."""
    if span.unit is Unit.HOURS:
        return heard_at.astimezone(UTC) + timedelta(hours=span.number)
    return _closing(calendar, span, province, heard_at.astimezone(ROME).date())


@lru_cache(maxsize=256)
def _closing(calendar: Calendar, span: Span, province: str, day: date) -> datetime:
    if span.unit is Unit.DAYS:
        day += timedelta(days=span.number)
    else:
        day = working_days_after(calendar, province, day, span.number)
    return datetime(day.year, day.month, day.day, calendar.closing_hour, tzinfo=ROME).astimezone(UTC)


def due(calendar: Calendar, urgency: str, province: str, heard_at: datetime) -> Due:
    """The due dates of a report of this urgency class; a class that is not listed has the limits of the class `unknown`."""
    by_class = {clocks.urgency: clocks for clocks in calendar.clocks}
    clocks = by_class.get(urgency, by_class[calendar.unknown])
    return Due(
        heard_at=heard_at,
        contact=ends(calendar, clocks.contact, province, heard_at),
        done=ends(calendar, clocks.done, province, heard_at),
    )
