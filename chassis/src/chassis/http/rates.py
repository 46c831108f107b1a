"""Rate limits: a token bucket per client address, in this process, for the most recent addresses."""

import ipaddress
import time
from collections import OrderedDict
from collections.abc import Callable
from functools import lru_cache

MOST_CLIENTS = 50_000


class Rates:
    """Allows a client `burst` requests at once and `per_second` requests a second in the long run; 0 means no limit."""

    def __init__(
        self, per_second: float = 0, burst: int = 1, tick: Callable[[], float] = time.monotonic
    ) -> None:
        self._every = 1 / per_second if per_second else 0.0
        self._room, self._tick = burst * self._every, tick
        self._full_at: OrderedDict[str, float] = OrderedDict()

    def take(self, address: str) -> float:
        """Count a request of this address; returns the seconds to wait when the limit is exceeded, else 0."""
        if not self._every:
            return 0.0
        now, client = self._tick(), client_of(address)
        full_at = max(now, self._full_at.pop(client, now)) + self._every
        wait = full_at - now - self._room
        self._full_at[client] = full_at if wait <= 0 else full_at - self._every
        if len(self._full_at) > MOST_CLIENTS:
            self._full_at.popitem(last=False)
        return max(0.0, wait)


@lru_cache(4096)
def client_of(address: str) -> str:
    """The client that an address belongs to: an IPv6 /64 network is one client.

    An IPv4-mapped IPv6 address (::ffff:192.0.2.1) is the IPv4 address.
    """
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(found, ipaddress.IPv6Address):
        found = found.ipv4_mapped or found
    return str(ipaddress.ip_network((found, 64), strict=False)) if found.version == 6 else str(found)
