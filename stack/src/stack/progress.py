"""A timeout that counts from the last progress."""

import time
from collections.abc import Callable, Hashable

# The limit in any case: a loaded machine may need minutes for what takes seconds on an idle one.
MAX_SECONDS = 600.0
REPORT_SECONDS = 10.0


class ProgressTimeout:
    """Expires after a number of seconds without progress, and after MAX_SECONDS in any case."""

    def __init__(
        self,
        seconds: float,
        progress: Callable[[], Hashable],
        report: Callable[[float], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Starts now; `report` is called every REPORT_SECONDS with the seconds so far."""
        self._seconds, self._progress, self._report, self._clock = seconds, progress, report, clock
        self._began = self._moved = clock()
        self._seen = progress()
        self._next_report = self._began + REPORT_SECONDS

    def expired(self) -> str:
        """The reason for which it has expired; empty until then."""
        now = self._clock()
        if now >= self._next_report:
            self._next_report = now + REPORT_SECONDS
            self._report(now - self._began)
        if (seen := self._progress()) != self._seen:
            self._seen, self._moved = seen, now
        if now - self._moved > self._seconds:
            return f"made no progress for {self._seconds:.0f} s"
        if now - self._began > MAX_SECONDS:
            return f"was not ready within {MAX_SECONDS:.0f} s"
        return ""
