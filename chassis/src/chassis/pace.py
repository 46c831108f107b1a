"""Pace: what comes alone is taken at once; what comes in a stream is gathered, so that a transaction carries several."""

import asyncio
import math

LONGEST_SECONDS = 0.03


class Pace:
    """Begins again when at least as much time has passed since the last work as that took itself, and no more than a moment.

    A transaction costs much the same for one as for ten: without this, a stream that is quicker than the transactions are
    dear would use up the processors one by one.
    """

    def __init__(self) -> None:
        self._began, self._took = -math.inf, 0.0

    async def wait(self) -> None:
        """Returns when it is time to take what is there."""
        rest = self._began + min(LONGEST_SECONDS, 2 * self._took) - _now()
        if rest > 0:
            await asyncio.sleep(rest)

    def begin(self) -> None:
        """Something was taken and is being worked on."""
        self._began = _now()

    def end(self) -> None:
        """It is done."""
        self.took(_now() - self._began)

    def took(self, seconds: float) -> None:
        """It is done, and was worked on for so long."""
        self._took = seconds


def _now() -> float:
    return asyncio.get_running_loop().time()
