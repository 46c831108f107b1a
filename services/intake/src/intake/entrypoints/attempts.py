"""Wrong PINs: a code that is tried too often rests, whether or not there is a report with it."""

from collections import OrderedDict
from datetime import datetime, timedelta

from chassis.errors import Refused

MOST_WRONG = 10
REST = timedelta(minutes=15)
MOST_CODES = 10_000


class Attempts:
    """Counts the wrong PINs of each code in this process, for the codes tried last."""

    def __init__(self) -> None:
        self._wrong: OrderedDict[str, tuple[int, datetime]] = OrderedDict()

    def check(self, code: str, now: datetime) -> None:
        """Raise Refused (429) while the code rests."""
        count, since = self._wrong.get(code, (0, now))
        if now - since >= REST:
            self._wrong.pop(code, None)
        elif count >= MOST_WRONG:
            raise Refused(
                "too-many-attempts",
                "This code was tried too often with a wrong PIN.",
                status=429,
                fix=f"Try again in {REST.seconds // 60} minutes.",
                headers={"Retry-After": str(int((since + REST - now).total_seconds()) + 1)},
            )

    def wrong(self, code: str, now: datetime) -> None:
        """Remember one wrong PIN."""
        count, since = self._wrong.pop(code, (0, now))
        self._wrong[code] = (count + 1, since)
        if len(self._wrong) > MOST_CODES:
            self._wrong.popitem(last=False)

    def right(self, code: str) -> None:
        """Forget the wrong ones: whoever has the PIN has come."""
        self._wrong.pop(code, None)
