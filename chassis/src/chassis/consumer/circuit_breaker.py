"""The brake: when most of what comes meets a bug it is the program that is broken, and nothing more is parked."""

from collections import deque
from collections.abc import Sequence

from chassis.errors import Unavailable
from chassis.transaction.inputs import Outcome, Result

LIMIT, RECENT = 20, 200


class CircuitBreaker:
    """How the last records ended."""

    def __init__(self) -> None:
        self._bugs: deque[bool] = deque(maxlen=RECENT)

    def check(self, outcomes: Sequence[Outcome]) -> None:
        """Raises Unavailable when with these too many of the last ones met a bug: a bad deploy, most likely."""
        recent = [*self._bugs, *_bugs(outcomes)][-RECENT:]
        if sum(recent) > max(LIMIT, len(recent) // 2):
            raise Unavailable(f"{sum(recent)} of the last {len(recent)} records met a bug: a bad deploy?")

    def learn(self, outcomes: Sequence[Outcome]) -> None:
        """These are committed."""
        self._bugs.extend(_bugs(outcomes))


def _bugs(outcomes: Sequence[Outcome]) -> list[bool]:
    """No handler is meant to refuse an event: one that does is a bug as well."""
    return [outcome.result in (Result.FAILED, Result.REFUSED) for outcome in outcomes]
