"""Times as text: the date-time of RFC 3339 with its offset, and nothing else that looks like one."""

import re
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import AwareDatetime, BeforeValidator
from pydantic_core import PydanticCustomError

FAULT = "This is not an RFC 3339 time with its offset that can be kept."
FIX = "Write it like 2026-11-20T12:00:00Z or 2026-11-20T13:00:00+01:00, from 1970 to 2199."
FIRST, LAST = datetime(1970, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)

_CLOCK = "(?:[01][0-9]|2[0-3]):[0-5][0-9]"
_is_date_time = re.compile(
    f"[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}T{_CLOCK}:[0-5][0-9](?:[.][0-9]{{1,9}})?(?:Z|[+-]{_CLOCK})"
).fullmatch


def read_instant(text: str) -> datetime:
    """The moment that an RFC 3339 date-time names, cut to the microsecond; raises ValueError with the fix.

    `T` and `Z` may be lower case and `-00:00` is UTC, as RFC 3339 says. A blank for the `T`, a leap second, which
    Python cannot keep, and more than nine digits of a second are refused.
    """
    written = text if _is_date_time(text) else text.upper()
    if not _is_date_time(written):
        raise _unfit()
    try:
        return _kept(datetime.fromisoformat(written))
    except ValueError as error:  # a day that no month has
        raise _unfit() from error


def _read(value: Any) -> datetime:
    if isinstance(value, str):
        return read_instant(value)
    if isinstance(value, datetime) and value.tzinfo is not None:
        return _kept(value)
    raise _unfit()


def _kept(moment: datetime) -> datetime:
    if not FIRST <= moment < LAST:
        raise _unfit()
    return moment


def _unfit() -> PydanticCustomError:
    return PydanticCustomError("instant", FAULT, {"fix": FIX})


# A time in an event or at a door: text, or in Python an aware datetime; never a number.
Instant = Annotated[AwareDatetime, BeforeValidator(_read)]
