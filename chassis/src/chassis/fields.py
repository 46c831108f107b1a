"""Types of fields for HTTP APIs and command lines: strict days, times and texts, each error with its fix."""

import argparse
import re
import unicodedata
from contextlib import suppress
from datetime import date, datetime, timedelta
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field
from pydantic_core import PydanticCustomError

from contracts.instants import FIX, Instant, read_instant

__all__ = ["AnyText", "Day", "Instant", "Line", "Text", "days_word", "has_content", "instant_word"]

FIRST_DAY, LAST_DAY = date(1900, 1, 1), date(2100, 12, 31)
MOST_DAYS = 36_500

_is_day = re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}").fullmatch
# Unicode classes these as letters or symbols, but they are invisible.
_BLANK = frozenset("\u115f\u1160\u2800\u3164\uffa0")
_NOT_IN_A_LINE = ("Cc", "Cf", "Zl", "Zp")


def has_content(text: str) -> bool:
    """Whether a text has a visible character: a letter, a digit, punctuation or a symbol."""
    return any(unicodedata.category(one)[0] in "LNPS" and one not in _BLANK for one in text)


def instant_word(word: str) -> datetime:
    """A time on a command line, for argparse: RFC 3339 with an offset."""
    try:
        return read_instant(word)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{word!r} is no such time. {FIX}") from error


def days_word(word: str) -> timedelta:
    """A number of days on a command line, for argparse: an integer from 0 to MOST_DAYS."""
    if word.isascii() and word.isdigit() and len(word) <= 5 and int(word) <= MOST_DAYS:
        return timedelta(days=int(word))
    raise argparse.ArgumentTypeError(
        f"{word!r} is no number of days. Write a whole one from 0 to {MOST_DAYS}."
    )


def _day(value: Any) -> date:
    if isinstance(value, str) and _is_day(value):
        with suppress(ValueError):  # a day that does not exist
            value = date.fromisoformat(value)
    if type(value) is date and FIRST_DAY <= value <= LAST_DAY:
        return value
    raise PydanticCustomError(
        "day",
        "This is not a day that can be kept.",
        {"fix": f"Write it as YYYY-MM-DD, from {FIRST_DAY} to {LAST_DAY}."},
    )


def _text(value: str) -> str:
    if not has_content(value):
        raise PydanticCustomError("text", "The text shows nothing.", {"fix": "Write what is meant."})
    if any(unicodedata.category(one) == "Cc" and one not in "\t\n\r" for one in value):
        raise PydanticCustomError(
            "text", "The text has control characters.", {"fix": "Send it as UTF-8 without them."}
        )
    return value


def _any_text(value: str) -> str:
    if any("\ud800" <= one <= "\udfff" for one in value):
        raise PydanticCustomError(
            "text", "The text has half of a surrogate pair.", {"fix": "Send it as UTF-8 without it."}
        )
    return value


def _line(value: str) -> str:
    if any(unicodedata.category(one) in _NOT_IN_A_LINE for one in value):
        raise PydanticCustomError(
            "text",
            "The text has line breaks, control characters or hidden characters.",
            {"fix": "Send it as UTF-8, on one line, without them."},
        )
    return _text(value)


# A day from outside: text, or a `date` in Python; never a time or a number.
Day = Annotated[date, BeforeValidator(_day)]
# A text written by a person, of any number of lines; unpaired surrogates are invalid.
Text = Annotated[str, Field(min_length=1), AfterValidator(_text)]
# The same on one line, without control characters and hidden characters.
Line = Annotated[str, Field(min_length=1), AfterValidator(_line)]
# A name from another system, with arbitrary characters.
AnyText = Annotated[str, AfterValidator(_any_text)]
