"""The only source of the current time; handlers get `now` as an argument."""

import time
from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]


def utc_now() -> datetime:
    """The current time in UTC, truncated to the database's millisecond."""
    now = time.time_ns() // 1_000_000
    return datetime.fromtimestamp(now / 1000, tz=UTC)
