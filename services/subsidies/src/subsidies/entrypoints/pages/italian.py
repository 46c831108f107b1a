"""Reads amounts, days, months and numbers as they are written in Italy, and writes them back."""

import re
from datetime import date

MOST_CENTS = 10**9
FIRST_YEAR, LAST_YEAR = 1900, 2100
_MONEY = re.compile(r"(\d{1,3}(?:\.\d{3})+|\d+)(?:,(\d{1,2}))?", re.ASCII)
_DAY = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})", re.ASCII)
_MONTH = re.compile(r"(\d{1,2})/(\d{4})", re.ASCII)
_HUNDREDTHS = re.compile(r"(\d{1,2})(?:[,.](\d{1,2}))?", re.ASCII)


class Unreadable(ValueError):
    """A text is not written as it should be; `code` names the sentence that says how."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def read_money(text: str) -> int:
    """The cents of `1.234,56`, `1234,56`, `1234` or `1.234,5 €`; raises Unreadable for any other notation."""
    match = _MONEY.fullmatch(text.replace("€", "").replace("\u00a0", " ").strip())
    if match is None:
        raise Unreadable("money")
    cents = int(match[1].replace(".", "")) * 100 + int((match[2] or "").ljust(2, "0"))
    if cents > MOST_CENTS:
        raise Unreadable("money-too-large")
    return cents


def write_money(cents: int) -> str:
    """`1.234,56`."""
    return f"{cents // 100:,}".replace(",", ".") + f",{cents % 100:02d}"


def read_day(text: str) -> str:
    """The ISO date of `5/11/2026`; raises Unreadable for another notation or a day that does not exist."""
    match = _DAY.fullmatch(text.strip())
    try:
        if match is None or not FIRST_YEAR <= int(match[3]) <= LAST_YEAR:
            raise Unreadable("day")
        return date(int(match[3]), int(match[2]), int(match[1])).isoformat()
    except ValueError:
        raise Unreadable("day") from None


def write_day(day: date) -> str:
    """`05/11/2026`."""
    return f"{day:%d/%m/%Y}"


def read_month(text: str) -> str:
    """`YYYY-MM` of `3/2026`; raises Unreadable for another notation."""
    match = _MONTH.fullmatch(text.strip())
    if match is None or not 1 <= int(match[1]) <= 12 or not FIRST_YEAR <= int(match[2]) <= LAST_YEAR:
        raise Unreadable("month")
    return f"{match[2]}-{int(match[1]):02d}"


def write_month(period: str) -> str:
    """`03/2026` of `2026-03`."""
    year, _, month = period.partition("-")
    return f"{month}/{year}"


def read_hundredths(text: str) -> int:
    """The hundredths of a scale: 204 of `2,04`; raises Unreadable outside 1,00 to 20,00."""
    match = _HUNDREDTHS.fullmatch(text.strip())
    found = 0 if match is None else int(match[1]) * 100 + int((match[2] or "").ljust(2, "0"))
    if not 100 <= found <= 2000:
        raise Unreadable("scale")
    return found


def write_hundredths(hundredths: int) -> str:
    """`2,04`."""
    return f"{hundredths // 100},{hundredths % 100:02d}"


def read_number(text: str) -> int:
    """A whole number of at most two digits; raises Unreadable."""
    if not re.fullmatch(r"[0-9]{1,2}", text.strip()):
        raise Unreadable("number")
    return int(text)
