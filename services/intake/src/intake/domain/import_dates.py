"""The dates of a list: the supported formats, and the moment that a cell denotes."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# Counts since the epoch have no strptime directive; the letters are those of strftime (%s) and of d3-time-format (%Q).
_UNITS = {"%s": timedelta(seconds=1), "%Q": timedelta(milliseconds=1)}
_SAMPLES = (
    datetime(2024, 11, 28, 13, 45, 59, tzinfo=UTC),
    datetime(2019, 12, 30, 1, 2, 3, tzinfo=UTC),
)


def format_problem(form: str) -> str | None:
    """The reason why dates cannot be read in this format, or None; a date that is formatted and parsed must be the same day."""
    if form in _UNITS:
        return None
    directives = set(re.findall("%(.)", form, re.DOTALL))
    for counted in directives & {"s", "Q"}:
        return f"%{counted} counts from 1970 and must be the whole format"
    if "Z" in directives:
        return "zone names are ambiguous: use %z for an offset like +01:00, or leave the zone to `timezone`"
    try:
        fits = all(datetime.strptime(one.strftime(form), form).date() == one.date() for one in _SAMPLES)  # noqa: DTZ007
    except (ValueError, OverflowError, re.error) as error:
        return f"it cannot be read ({error})"
    return None if fits else "it lacks year, month or day"


def read_moment(text: str, forms: Sequence[str], zone: str) -> datetime | None:
    """The moment in UTC that a cell denotes in the first matching format, or None.

    A date without an offset is local time of the zone. As in RFC 5545 (3.3.5), a time that occurs twice is its
    first occurrence, and a time that a clock change skips has the offset before the change.
    """
    for form in forms:
        try:
            return _moment(text, form, zone)
        except (ValueError, OverflowError):
            continue
    return None


def _moment(text: str, form: str, zone: str) -> datetime:
    if form in _UNITS:
        if not re.fullmatch(r"-?[0-9]{1,17}", text):
            raise ValueError(text)
        return EPOCH + int(text) * _UNITS[form]
    read = datetime.strptime(text, form)  # noqa: DTZ007 - the zone comes from the mapping
    return (read if read.tzinfo else read.replace(tzinfo=ZoneInfo(zone))).astimezone(UTC)
