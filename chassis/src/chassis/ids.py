"""Identifiers: UUIDv7 made at the doors, UUIDv5 derived from the input's id everywhere else."""

import hashlib
import secrets
import uuid
from datetime import datetime
from zlib import crc32

_NAMESPACE = uuid.UUID("6f1f0a52-6d0e-5f3e-9a55-0d6f0f0c5a11").bytes
_NAMED = hashlib.sha1(
    _NAMESPACE, usedforsecurity=False
)  # copied for each name: making one costs more than using it


def uuid7(now: datetime) -> str:
    """A new time-ordered identifier (RFC 9562)."""
    milliseconds = int(now.timestamp() * 1000)
    value = (milliseconds << 80) | secrets.randbits(80)
    value &= ~(0xF << 76) & ~(0x3 << 62)
    value |= (0x7 << 76) | (0x2 << 62)
    return str(uuid.UUID(int=value))


def derive(origin: str, name: str) -> str:
    """The identifier that `name` has in the consequences of `origin`: the same each time it is asked (UUIDv5)."""
    hashed = _NAMED.copy()
    hashed.update(f"{origin}/{name}".encode())
    digest = bytearray(hashed.digest()[:16])
    digest[6] = (digest[6] & 0x0F) | 0x50
    digest[8] = (digest[8] & 0x3F) | 0x80
    text = digest.hex()
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def slot_of(key: str, slots: int) -> int:
    """The slot a key belongs to, the same in every process."""
    return crc32(key.encode()) % slots
