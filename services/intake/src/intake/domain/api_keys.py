"""The programs of other organisations that may send reports through Open311."""

import hashlib
from dataclasses import dataclass


@dataclass(frozen=True)
class ApiKey:
    """One program: its name, the people behind it, the SHA-256 of its key, and how many reports it may send in a minute.

    The key itself has 256 random bits and is stored nowhere, so a hash without salt does not help to find it.
    """

    name: str
    owner: str
    sha256: str
    per_minute: int = 60
    revoked: bool = False


@dataclass(frozen=True)
class Open311:
    """What the agency sets about Open311: its jurisdiction_id, and the keys."""

    jurisdiction: str
    keys: tuple[ApiKey, ...] = ()


def hash_of(key: str) -> str:
    """The SHA-256 of a key, in hexadecimal."""
    return hashlib.sha256(key.encode()).hexdigest()
