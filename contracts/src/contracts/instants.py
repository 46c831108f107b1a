"""Times as text: exactly the date-time of RFC 3339 with an offset."""

import re
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import AwareDatetime, BeforeValidator
from pydantic_core import PydanticCustomError

FAULT = "This is not an RFC 3339 time with an offset in the supported range."
FIX = "Write it like 2026-11-20T12:00:00Z or 2026-11-20T13:00:00+01:00, from 1970 to 2199."
FIRST, LAST = datetime(1970, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)

_CLOCK = "(?:[01][0-9]|2[0-3]):[0-5][0-9]"
_is_date_time = re.compile(
    f"[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}T{_CLOCK}:[0-5][0-9](?:[.][0-9]{{1,9}})?(?:Z|[+-]{_CLOCK})"
).fullmatch


def read_instant(text: str) -> datetime:
    """The time of an RFC 3339 date-time, truncated to microseconds; raises ValueError with the fix.

    `T` and `Z` may be lower case and `-00:00` is UTC, as in RFC 3339. A space instead of `T`, a leap second, which
    Python cannot represent, and more than nine fractional digits are refused.
    """
    written = text if _is_date_time(text) else text.upper()
    if not _is_date_time(written):
        raise _invalid()
    try:
        return _in_range(datetime.fromisoformat(written))
    except ValueError as error:  # no such day
        raise _invalid() from error


def _read(value: Any) -> datetime:
    if isinstance(value, str):
        return read_instant(value)
    if isinstance(value, datetime) and value.tzinfo is not None:
        return _in_range(value)
    raise _invalid()


def _in_range(moment: datetime) -> datetime:
    if not FIRST <= moment < LAST:
        raise _invalid()
    return moment


def _invalid() -> PydanticCustomError:
    return PydanticCustomError("instant", FAULT, {"fix": FIX})


# A time in an event or a request: text, or in Python an aware datetime; never a number.
Instant = Annotated[AwareDatetime, BeforeValidator(_read)]
