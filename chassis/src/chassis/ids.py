"""Identifiers: UUIDv7 for new requests, and UUIDv5 derived from the input's id for everything that follows from it."""

import hashlib
import os
import uuid
from datetime import datetime
from zlib import crc32

_NAMESPACE = uuid.UUID("6f1f0a52-6d0e-5f3e-9a55-0d6f0f0c5a11").bytes


def uuid7(now: datetime) -> str:
    """A new time-ordered identifier (RFC 9562)."""
    milliseconds = int(now.timestamp() * 1000)
    value = bytearray(milliseconds.to_bytes(6) + os.urandom(10))
    return _text(value, version=7)


def derive(origin: str, name: str) -> str:
    """The identifier derived from `origin` for `name`: always the same (UUIDv5)."""
    digest = bytearray(
        hashlib.sha1(_NAMESPACE + f"{origin}/{name}".encode(), usedforsecurity=False).digest()[:16]
    )
    return _text(digest, version=5)


def _text(value: bytearray, version: int) -> str:
    """The identifier of these 16 bytes, which get the version and the variant of RFC 9562."""
    value[6] = (value[6] & 0x0F) | version << 4
    value[8] = (value[8] & 0x3F) | 0x80
    text = value.hex()
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def slot_of(key: str, slots: int) -> int:
    """The shard (`slot`) of a key, the same in every process."""
    return crc32(key.encode()) % slots
