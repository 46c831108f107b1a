"""The circuit breaker: when most recent records fail with a bug, the program is broken and nothing more is parked."""

from collections import deque
from collections.abc import Sequence

from chassis.errors import Unavailable
from chassis.transaction.inputs import Outcome, Result

LIMIT, RECENT = 20, 200


class CircuitBreaker:
    """Remembers how the last records ended."""

    def __init__(self) -> None:
        self._bugs: deque[bool] = deque(maxlen=RECENT)

    def check(self, outcomes: Sequence[Outcome]) -> None:
        """Raise Unavailable when, with these outcomes, too many recent records failed with a bug: most likely a bad deployment."""
        recent = [*self._bugs, *_bugs(outcomes)][-RECENT:]
        if sum(recent) > max(LIMIT, len(recent) // 2):
            raise Unavailable(f"{sum(recent)} of the last {len(recent)} records met a bug: a bad deploy?")

    def record(self, outcomes: Sequence[Outcome]) -> None:
        """Add committed outcomes."""
        self._bugs.extend(_bugs(outcomes))


def _bugs(outcomes: Sequence[Outcome]) -> list[bool]:
    """A handler never refuses an event by design, so a refused event counts as a bug."""
    return [outcome.result in (Result.FAILED, Result.REFUSED) for outcome in outcomes]
