"""Waiting by progress: what still works is waited for, what stands still is not."""

import time
from collections.abc import Callable, Hashable

# A machine under heavy load needs minutes for what takes seconds on an idle one; longer than this nobody waits.
MAX_SECONDS = 600.0
REPORT_SECONDS = 10.0


class ProgressTimeout:
    """Says what is waited for, and when to give up: after so many seconds without progress, or after LONGEST."""

    def __init__(
        self,
        seconds: float,
        progress: Callable[[], Hashable],
        tell: Callable[[float], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Starts now; `tell` is called after FIRST_WORD seconds and then as often, with the seconds so far."""
        self._seconds, self._progress, self._tell, self._clock = seconds, progress, tell, clock
        self._began = self._moved = clock()
        self._seen = progress()
        self._next_word = self._began + REPORT_SECONDS

    def expired(self) -> str:
        """Why there is no point in waiting any longer; empty while there is."""
        now = self._clock()
        if now >= self._next_word:
            self._next_word = now + REPORT_SECONDS
            self._tell(now - self._began)
        if (seen := self._progress()) != self._seen:
            self._seen, self._moved = seen, now
        if now - self._moved > self._seconds:
            return f"made no progress for {self._seconds:.0f} s"
        if now - self._began > MAX_SECONDS:
            return f"was not ready within {MAX_SECONDS:.0f} s"
        return ""
