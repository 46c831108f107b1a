"""Encryption of personal data: one key per person or report, wrapped by the service's secret; deleting the key erases the data."""

import os
from collections.abc import Mapping
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_NONCE = 12


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


def _encrypt(box: AESGCM, data: bytes, bound_to: str) -> bytes:
    nonce = os.urandom(_NONCE)
    return nonce + box.encrypt(nonce, data, bound_to.encode())


def _decrypt(box: AESGCM, data: bytes, bound_to: str) -> bytes:
    return box.decrypt(data[:_NONCE], data[_NONCE:], bound_to.encode())
