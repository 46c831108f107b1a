"""Rate limits for PIN attempts, counted in the database so that all replicas share one limit."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import IPv6Network, ip_network
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


# The methods of `Attempts` define the subject of each budget.
CODE_AND_NETWORK = (Budget("code-network", 5, _MOMENT), Budget("code-network-day", 15, _DAY))
NETWORK = Budget("network", 75, _SHIFT)
CODE = Budget("code", 25, _SHIFT)
# Instead of CODE, once it is used up.
SITE, BLOCK = Budget("code-site", 5, _DAY), Budget("code-block", 100, _DAY)
DEVICE = (Budget("device", 5, _MOMENT), Budget("device-day", 20, _DAY))


class Attempts:
    """Limits the number of PIN comparisons; no caller can use up another caller's attempts from elsewhere.

    A PIN has 10^6 equally likely values (19.9 bits). An unknown caller is allowed 5 wrong PINs in 3 minutes and 15 in a
    day for each code and network, and 75 in 6 hours for each network over all codes. All unknown callers together are
    allowed 25 in 6 hours for each code. From then until these 6 hours end each site (an IPv4 address, an IPv6 /48) is allowed 5
    a day for the code and each block of a provider (IPv4 /16, IPv6 /32) 100: the owner of a correct PIN is let in from
    any other network.

    An attacker in n blocks is allowed 100 + 100 n wrong PINs a day for each code: trying all PINs takes 5,000 days from one block
    (13 years) and 909 days from ten. To keep the owner out, it needs 5 attempts at the owner's own address, or 20 addresses
    of the owner's provider, each day.

    A known device or sender has a budget of its own for the code, 20 a day (137 years), which no other caller can exhaust.
    Codes without a report are counted alike. The database stores keyed hashes of codes and addresses only.
    """

    def __init__(self, store: Store, codes: TrackingCodes) -> None:
        self._store, self._codes = store, codes

    async def charge(self, code: str, caller: Caller, now: datetime) -> Sequence[Counter]:
        """Count one attempt before its PIN is compared and return the counters; raises Refused (429) or Unavailable.

        A refused attempt is not counted.
        """
        if caller.device is not None:
            return await self._charge([self._counter(one, now, code, caller.device) for one in DEVICE], now)
        own = await self._charge(self._own(code, caller.network, now), now)
        try:
            return [*own, *await self._charge_shared(code, caller.network, now)]
        except Refused:
            await self.refund(own)
            raise

    async def _charge_shared(self, code: str, network: str, now: datetime) -> Sequence[Counter]:
        """Count the attempt among those of all unknown callers; once they are too many, among those of its site and its block."""
        try:
            return await self._charge([self._counter(CODE, now, code)], now)
        except Refused:
            site, block = _site(network), _block(network)
            counters = [self._counter(SITE, now, code, site), self._counter(BLOCK, now, code, block)]
            return await self._charge(counters, now)

    async def _charge(self, counters: Sequence[Counter], now: datetime) -> Sequence[Counter]:
        """Count one attempt with each counter, or with none when one is full: raises Refused."""
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

    def _own(self, code: str, network: str, now: datetime) -> Sequence[Counter]:
        """The counters of a network, narrowest first: an attempt that exceeds one does not count for all."""
        return [
            *(self._counter(one, now, code, network) for one in CODE_AND_NETWORK),
            self._counter(NETWORK, now, network),
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


def _site(network: str) -> str:
    """What one customer of a provider can have: an IPv4 address, an IPv6 /48."""
    return _wider(network, ipv4=32, ipv6=48)


def _block(network: str) -> str:
    """What one provider can have: an IPv4 /16, an IPv6 /32."""
    return _wider(network, ipv4=16, ipv6=32)


def _wider(network: str, *, ipv4: int, ipv6: int) -> str:
    try:
        known = ip_network(network)
    except ValueError:  # a client without an address, as in a test
        return network
    prefix = ipv6 if isinstance(known, IPv6Network) else ipv4
    return str(known if known.prefixlen <= prefix else known.supernet(new_prefix=prefix))


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
