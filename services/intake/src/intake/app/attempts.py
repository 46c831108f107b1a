"""Rate limits for PIN attempts, counted in the database so that all replicas share one limit."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import ceil

from chassis.documents import AnyOf, Index
from chassis.errors import Conflict, Refused, Unavailable
from chassis.service import Store
from intake.app.tracking_codes import TrackingCodes

COLLECTION = "guesses"
# One hour of margin for a database clock that is ahead.
GUESSES = Index(COLLECTION, (("until", 1),), expire_after=3600)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MOMENT, _SHIFT, _DAY = timedelta(minutes=3), timedelta(hours=6), timedelta(days=1)
_TRIES = 5


@dataclass(frozen=True)
class Budget:
    """The wrong PINs allowed for one subject in each window; windows start at multiples of their length since 1970, UTC."""

    name: str
    most: int
    window: timedelta


@dataclass(frozen=True)
class Caller:
    """The sender of a PIN: its network, its sender secret, and its device if that has known the PIN of this code before."""

    network: str
    sender: str | None = None
    device: str | None = None


@dataclass(frozen=True)
class Counter:
    """The counter of one subject in the window that ends at `ends`."""

    id: str
    most: int
    ends: datetime


# `Attempts._counters` defines the subject of each budget.
CODE_AND_NETWORK = (Budget("code-network", 5, _MOMENT), Budget("code-network-day", 15, _DAY))
NETWORK = Budget("network", 75, _SHIFT)
CODE = Budget("code", 25, _SHIFT)
DEVICE = (Budget("device", 5, _MOMENT), Budget("device-day", 20, _DAY))


class Attempts:
    """Limits the number of PIN comparisons.

    A PIN has 10^6 equally likely values (19.9 bits). An unknown caller is allowed 5 wrong PINs in 3 minutes and 15 in a
    day for each code and network, and 75 in 6 hours for each network over all codes; all unknown callers together are
    allowed 25 in 6 hours for each code. That is 100 a day for each code: trying all PINs takes 10,000 days, or 27 years.

    A known device or sender has a budget of its own for the code, 20 a day (137 years), which no other caller can exhaust.
    Codes without a report are counted alike. The database stores keyed hashes of codes and addresses only.
    """

    def __init__(self, store: Store, codes: TrackingCodes) -> None:
        self._store, self._codes = store, codes

    async def charge(self, code: str, caller: Caller, now: datetime) -> Sequence[Counter]:
        """Count one attempt before its PIN is compared and return the counters; raises Refused (429) or Unavailable.

        A refused attempt is not counted.
        """
        counters = self._counters(code, caller, now)
        refunded = await self._refunded(counters, now)
        for charged, counter in enumerate(counters, 1):
            # The refunds were read before this charge, so the difference can only be too high.
            if await self._add(counter.id, counter.ends) - refunded[counter.id] > counter.most:
                await self.refund(counters[:charged])
                raise _too_many(counter.ends - now)
        return counters

    async def refund(self, counters: Sequence[Counter]) -> None:
        """Refund an attempt whose PIN was correct or not compared; raises Unavailable."""
        for counter in counters:
            await self._add(_refunds(counter.id), counter.ends)

    def _counters(self, code: str, caller: Caller, now: datetime) -> Sequence[Counter]:
        """Narrowest first: an attempt that exceeds the budget of its network does not count for the code."""
        if caller.device is not None:
            return [self._counter(one, now, code, caller.device) for one in DEVICE]
        return [
            *(self._counter(one, now, code, caller.network) for one in CODE_AND_NETWORK),
            self._counter(NETWORK, now, caller.network),
            self._counter(CODE, now, code),
        ]

    def _counter(self, budget: Budget, now: datetime, *subject: str) -> Counter:
        number = (now - _EPOCH) // budget.window
        name = self._codes.pseudonym(budget.name, str(number), *subject)
        return Counter(name, budget.most, _EPOCH + (number + 1) * budget.window)

    async def _refunded(self, counters: Sequence[Counter], now: datetime) -> Mapping[str, int]:
        """The refunds of each counter; raises Refused when a counter is full."""
        ids = [id_ for one in counters for id_ in (one.id, _refunds(one.id))]
        rows = await self._store.query(COLLECTION, {"_id": AnyOf(ids)})
        counts = {row["_id"]: int(row["epoch"]) for row in rows}
        refunded = {one.id: counts.get(_refunds(one.id), 0) for one in counters}
        full = [one.ends for one in counters if counts.get(one.id, 0) - refunded[one.id] >= one.most]
        if full:
            raise _too_many(max(full) - now)
        return refunded

    async def _add(self, id_: str, until: datetime) -> int:
        """Increment a counter and return its value; concurrent callers get different values."""
        for _ in range(_TRIES):
            try:
                _, after = await self._store.claim(COLLECTION, id_, {"until": until})
            except Conflict:
                continue  # another replica inserted the row concurrently
            return int(after["epoch"])
        raise Unavailable("the attempt could not be counted")


def _refunds(id_: str) -> str:
    return f"{id_}/refunds"


def _too_many(wait: timedelta) -> Refused:
    seconds = max(1, ceil(wait.total_seconds()))
    return Refused(
        "too-many-attempts",
        "There were too many attempts with a wrong PIN.",
        429,
        fix=f"Try again in {seconds} seconds, send the Ascolto-Sender of the report, or ask at the listening point.",
        headers={"Retry-After": str(seconds)},
    )
