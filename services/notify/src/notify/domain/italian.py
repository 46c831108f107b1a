"""How things are said in Italian: dates, amounts, and by what name somebody is greeted."""

import re
from datetime import datetime
from zoneinfo import ZoneInfo

ROME = ZoneInfo("Europe/Rome")
DAYS = ("lunedì", "martedì", "mercoledì", "giovedì", "venerdì", "sabato", "domenica")
MONTHS = (
    "gennaio",
    "febbraio",
    "marzo",
    "aprile",
    "maggio",
    "giugno",
    "luglio",
    "agosto",
    "settembre",
    "ottobre",
    "novembre",
    "dicembre",
)
NAME = re.compile(r"[^\W\d_]+(?:[ '’.-]{1,2}[^\W\d_]+){0,5}\.?")
LONGEST_NAME = 60


def day(instant: datetime) -> str:
    """The day in Rome, in words: `venerdì 4 dicembre 2026`."""
    there = instant.astimezone(ROME)
    number = "1º" if there.day == 1 else str(there.day)
    return f"{DAYS[there.weekday()]} {number} {MONTHS[there.month - 1]} {there.year}"


def day_and_hour(instant: datetime) -> str:
    """The day and the hour in Rome: `venerdì 4 dicembre 2026, ore 18:00`."""
    there = instant.astimezone(ROME)
    return f"{day(instant)}, ore {there.hour}:{there.minute:02d}"


def euro(cents: int) -> str:
    """An amount as it is written in Italy: `1.850,00 €`."""
    whole, rest = divmod(cents, 100)
    return f"{whole:,}".replace(",", ".") + f",{rest:02d} €"


def greeting_name(name: str | None) -> str | None:
    """The name to greet by, or None when it does not look like one.

    Whoever makes a report writes the name and the address, so a name must not be able to carry a message of its own.
    """
    if not name:
        return None
    tidy = " ".join(name.split())
    return tidy if len(tidy) <= LONGEST_NAME and NAME.fullmatch(tidy) else None
