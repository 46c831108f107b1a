"""Hosts: the names under which a service is reachable."""

import re
from functools import lru_cache
from urllib.parse import urlsplit

# Another host's name never resolves to these.
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})

_AUTHORITY = re.compile(r"([a-z0-9._-]+|\[[0-9a-f:.]+\])(:[0-9]{0,5})?")


@lru_cache(1024)
def host_of(authority: str) -> str:
    """The host in a `Host` header, in small letters, without port and brackets; empty when it is malformed."""
    found = _AUTHORITY.fullmatch(authority.lower())
    return found[1].strip("[]").removesuffix(".") if found else ""


def hosts_in(text: str) -> frozenset[str]:
    """The hosts in a comma-separated list of names or addresses; raises ValueError for an invalid entry."""
    found = set()
    for word in filter(None, map(str.strip, text.split(","))):
        host = host_of(urlsplit(word).netloc if "://" in word else word)
        if not host:
            raise ValueError(
                f"{word!r} is no host: give names or addresses, as in ascolto.example.org,https://www.example.org"
            )
        found.add(host)
    return frozenset(found)
