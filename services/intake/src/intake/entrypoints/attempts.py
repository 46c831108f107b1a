"""Guesses of PINs: counted in the store before a PIN is compared, so that all replicas together keep one limit."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import ceil

from chassis.documents import AnyOf, Index
from chassis.errors import Conflict, Refused, Unavailable
from chassis.service import Store
from intake.entrypoints.tracking import Slips

COLLECTION = "guesses"
# An hour more than needed: the database may have a clock that is ahead of ours.
GUESSES = Index(COLLECTION, (("until", 1),), expire_after=3600)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MOMENT, _SHIFT, _DAY = timedelta(minutes=3), timedelta(hours=6), timedelta(days=1)
_TRIES = 5


@dataclass(frozen=True)
class Budget:
    """How many wrong PINs one subject may send in each window; windows begin at multiples of their length since 1970, in UTC."""

    name: str
    most: int
    window: timedelta


@dataclass(frozen=True)
class Caller:
    """Who sends a PIN: the client's network, its sender secret, and the device that proved itself for this code."""

    network: str
    sender: str | None = None
    device: str | None = None


@dataclass(frozen=True)
class Counter:
    """The count of one subject in the window that ends at `ends`."""

    id: str
    most: int
    ends: datetime


# The subject of a budget follows from its place: see `Attempts._counters`.
CODE_AND_NETWORK = (Budget("code-network", 5, _MOMENT), Budget("code-network-day", 15, _DAY))
NETWORK = Budget("network", 75, _SHIFT)
CODE = Budget("code", 25, _SHIFT)
DEVICE = (Budget("device", 5, _MOMENT), Budget("device-day", 20, _DAY))


class Attempts:
    """Bounds how many PINs are compared.

    A PIN has 10^6 equally likely values (19.9 bits). Whoever has not proved itself has 5 wrong PINs in 3 minutes and 15 in
    a day for each code and network, 75 in 6 hours for each network over all codes, and all such callers together have 25 in
    6 hours for each code. That is 100 a day for each code: to try all PINs takes 10,000 days, or 27 years.

    A device or sender that proved itself for a code has 20 a day of its own (137 years), which nobody else can use up.
    Codes without a report are counted alike. Neither codes nor addresses are stored, only keyed hashes of them.
    """

    def __init__(self, store: Store, slips: Slips) -> None:
        self._store, self._slips = store, slips

    async def charge(self, code: str, caller: Caller, now: datetime) -> Sequence[Counter]:
        """Count one guess before it is compared and return what was charged; raises Refused (429) or Unavailable.

        A guess that is refused is charged to nobody.
        """
        counters = self._counters(code, caller, now)
        refunded = await self._room(counters, now)
        for charged, counter in enumerate(counters, 1):
            # Refunds that were read before this charge belong to earlier ones: the difference never counts too little.
            if await self._add(counter.id, counter.ends) - refunded[counter.id] > counter.most:
                await self.refund(counters[:charged])
                raise _too_many(counter.ends - now)
        return counters

    async def refund(self, counters: Sequence[Counter]) -> None:
        """Take back what a right PIN, or one that is not compared, was charged; raises Unavailable."""
        for counter in counters:
            await self._add(_refunds(counter.id), counter.ends)

    def _counters(self, code: str, caller: Caller, now: datetime) -> Sequence[Counter]:
        """Narrowest first: what one network is refused is not charged to the code."""
        if caller.device is not None:
            return [self._counter(one, now, code, caller.device) for one in DEVICE]
        return [
            *(self._counter(one, now, code, caller.network) for one in CODE_AND_NETWORK),
            self._counter(NETWORK, now, caller.network),
            self._counter(CODE, now, code),
        ]

    def _counter(self, budget: Budget, now: datetime, *subject: str) -> Counter:
        number = (now - _EPOCH) // budget.window
        name = self._slips.pseudonym(budget.name, str(number), *subject)
        return Counter(name, budget.most, _EPOCH + (number + 1) * budget.window)

    async def _room(self, counters: Sequence[Counter], now: datetime) -> Mapping[str, int]:
        """The refunds of each counter; raises Refused where one is used up."""
        ids = [id_ for one in counters for id_ in (one.id, _refunds(one.id))]
        rows = await self._store.query(COLLECTION, {"_id": AnyOf(ids)})
        counts = {row["_id"]: int(row["epoch"]) for row in rows}
        refunded = {one.id: counts.get(_refunds(one.id), 0) for one in counters}
        full = [one.ends for one in counters if counts.get(one.id, 0) - refunded[one.id] >= one.most]
        if full:
            raise _too_many(max(full) - now)
        return refunded

    async def _add(self, id_: str, until: datetime) -> int:
        """Add one to a count and return it; each caller gets another number."""
        for _ in range(_TRIES):
            try:
                _, after = await self._store.claim(COLLECTION, id_, {"until": until})
            except Conflict:
                continue  # another replica made the row at this very moment
            return int(after["epoch"])
        raise Unavailable("a guess could not be counted")


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
