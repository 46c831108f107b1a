"""Encryption of personal data: one key per person or report, wrapped by the service's secret; deleting the key erases the data.

Large data has a key of its own, which is a field under the key of its owner, and is encrypted in pieces.
"""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_NONCE = 12
PIECE_BYTES = 512 * 1024


@dataclass(frozen=True)
class Sealed:
    """Encrypted fields; unreadable once `key` is deleted."""

    owner: str
    key: bytes
    fields: Mapping[str, bytes]


class Erased(Exception):
    """The key was deleted, or the data was modified: the fields are unreadable."""


class Sealer:
    """Encrypts with AES-256-GCM; each field is bound to its owner and its name, so that fields cannot be exchanged."""

    def __init__(self, secret: bytes) -> None:
        self._wrapping = AESGCM(HKDF(SHA256(), 32, salt=None, info=b"ascolto/wrapping-key").derive(secret))

    def seal(self, owner: str, fields: Mapping[str, str]) -> Sealed:
        """Encrypt fields under a new key of their owner."""
        key = AESGCM.generate_key(256)
        box = AESGCM(key)
        sealed = {name: _encrypt(box, text.encode(), f"{owner}/{name}") for name, text in fields.items()}
        return Sealed(owner, _encrypt(self._wrapping, key, owner), sealed)

    def add(self, sealed: Sealed, fields: Mapping[str, str]) -> Sealed:
        """Encrypt other fields under the same key; raises Erased when the key was deleted."""
        box = self._box(sealed)
        added = {
            name: _encrypt(box, text.encode(), f"{sealed.owner}/{name}") for name, text in fields.items()
        }
        return Sealed(sealed.owner, sealed.key, added)

    def open(self, sealed: Sealed) -> dict[str, str]:
        """Decrypt the fields; raises Erased when the key was deleted or anything was modified."""
        box = self._box(sealed)
        try:
            return {
                name: _decrypt(box, data, f"{sealed.owner}/{name}").decode()
                for name, data in sealed.fields.items()
            }
        except (InvalidTag, ValueError) as error:
            raise Erased(sealed.owner) from error

    def _box(self, sealed: Sealed) -> AESGCM:
        try:
            return AESGCM(_decrypt(self._wrapping, sealed.key, sealed.owner))
        except (InvalidTag, ValueError) as error:
            raise Erased(sealed.owner) from error


class LargeSealer:
    """Encrypts large data in pieces of at most 512 KiB; a piece is bound to its name, its number and their count."""

    def __init__(self, key: str) -> None:
        self._box = AESGCM(bytes.fromhex(key))

    @staticmethod
    def new_key() -> str:
        """A random key, as text for a field of its owner."""
        return AESGCM.generate_key(256).hex()

    def seal(self, name: str, data: bytes) -> Sequence[bytes]:
        """The encrypted pieces of the data; at least one."""
        parts = [data[at : at + PIECE_BYTES] for at in range(0, len(data), PIECE_BYTES)] or [b""]
        return [_encrypt(self._box, part, f"{name}/{n}/{len(parts)}") for n, part in enumerate(parts)]

    def open(self, name: str, pieces: Sequence[bytes]) -> bytes:
        """The data of all pieces in order; raises Erased when one is missing, moved or modified."""
        try:
            return b"".join(
                _decrypt(self._box, piece, f"{name}/{n}/{len(pieces)}") for n, piece in enumerate(pieces)
            )
        except (InvalidTag, ValueError) as error:
            raise Erased(name) from error


def _encrypt(box: AESGCM, data: bytes, bound_to: str) -> bytes:
    nonce = os.urandom(_NONCE)
    return nonce + box.encrypt(nonce, data, bound_to.encode())


def _decrypt(box: AESGCM, data: bytes, bound_to: str) -> bytes:
    return box.decrypt(data[:_NONCE], data[_NONCE:], bound_to.encode())
