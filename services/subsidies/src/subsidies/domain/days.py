"""Calendar days in Italy and the months between them, as the law counts them (art. 2963 c.c.)."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

ROME = ZoneInfo("Europe/Rome")


def day_in_italy(moment: datetime) -> date:
    """The calendar day in Italy at this moment."""
    return moment.astimezone(ROME).date()


def add_months(start: date, months: int) -> date:
    """The same day `months` later; the last day of the month when it has no such day (art. 2963 c.c.)."""
    index = start.year * 12 + start.month - 1 + months
    first = date(index // 12, index % 12 + 1, 1)
    following = date(first.year + first.month // 12, first.month % 12 + 1, 1)
    last = following - timedelta(days=1)
    return first.replace(day=min(start.day, last.day))


def months_between(start: date, end: date) -> int:
    """The number of whole months from `start` to `end`; negative when `end` is earlier."""
    months = (end.year - start.year) * 12 + end.month - start.month
    return months if add_months(start, months) <= end else months - 1
