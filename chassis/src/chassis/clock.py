"""The one source of time; doors read it and pass `now` on."""

import time
from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]


def utc_now() -> datetime:
    """Now, in UTC, cut to the millisecond that the database keeps."""
    now = time.time_ns() // 1_000_000
    return datetime.fromtimestamp(now / 1000, tz=UTC)
