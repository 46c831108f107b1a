"""How often a client may ask: a bucket for each address, in this process, for the addresses seen last."""

import ipaddress
import time
from collections import OrderedDict
from collections.abc import Callable
from functools import lru_cache

MOST_CLIENTS = 50_000


class Rates:
    """Lets a client ask `burst` times at once and `per_second` times a second in the long run; 0 means without limit."""

    def __init__(
        self, per_second: float = 0, burst: int = 1, tick: Callable[[], float] = time.monotonic
    ) -> None:
        self._every = 1 / per_second if per_second else 0.0
        self._room, self._tick = burst * self._every, tick
        self._full_at: OrderedDict[str, float] = OrderedDict()

    def take(self, address: str) -> float:
        """Count one question of this address; the seconds to wait when there is no room for it, else 0."""
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
    """Whose address it is: an IPv6 network of 64 bits is one client, for one client has all of it.

    An IPv4 address in the form of an IPv6 one (::ffff:192.0.2.1) is the IPv4 address.
    """
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(found, ipaddress.IPv6Address):
        found = found.ipv4_mapped or found
    return str(ipaddress.ip_network((found, 64), strict=False)) if found.version == 6 else str(found)
