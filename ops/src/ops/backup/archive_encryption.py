"""Encrypted archives: ChaCha20-Poly1305 in chunks, so that any part can be read alone.

The payload is that of the age format: each chunk's nonce is its number and a flag for the last one, so that chunks cannot be exchanged,
dropped or truncated.
"""

import io
import os
from pathlib import Path
from typing import BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

MAGIC = b"ascolto-backup-1"
SALT, TAG, CHUNK = 32, 16, 65_536
HEAD = len(MAGIC) + SALT
LEAST_KEY = 32


class Damaged(Exception):
    """The archive was modified, or the key is wrong."""


def read_key(path: Path) -> bytes:
    """The key in a file; raises Damaged for one that is too short."""
    key = path.read_bytes().strip()
    if len(key) < LEAST_KEY:
        raise Damaged(
            f"{path}: a key needs at least {LEAST_KEY} characters; make one with `openssl rand -hex 32`"
        )
    return key


def is_encrypted(path: Path) -> bool:
    """Whether an archive needs a key."""
    with path.open("rb") as file:
        return file.read(len(MAGIC)) == MAGIC


def _cipher(key: bytes, salt: bytes) -> ChaCha20Poly1305:
    return ChaCha20Poly1305(HKDF(SHA256(), 32, salt=salt, info=b"ascolto/backup").derive(key))


def _nonce(number: int, last: bool) -> bytes:
    return number.to_bytes(11, "big") + bytes([last])


class EncryptedWriter(io.RawIOBase):
    """Encrypts what is written; without `finish` the archive is unreadable."""

    def __init__(self, file: BinaryIO, key: bytes) -> None:
        salt = os.urandom(SALT)
        file.write(MAGIC + salt)
        self._file, self._cipher = file, _cipher(key, salt)
        self._pending, self._number = bytearray(), 0

    def writable(self) -> bool:
        return True

    def write(self, data: "bytes | bytearray | memoryview") -> int:  # type: ignore[override]
        self._pending += data
        while len(self._pending) > CHUNK:  # the last chunk is written by `finish`
            self._seal(CHUNK, last=False)
        return len(data)

    def _seal(self, size: int, last: bool) -> None:
        chunk = bytes(self._pending[:size])
        del self._pending[:size]
        self._file.write(self._cipher.encrypt(_nonce(self._number, last), chunk, None))
        self._number += 1

    def finish(self) -> None:
        """Write the remaining data as the last chunk."""
        self._seal(len(self._pending), last=True)


class EncryptedReader(io.RawIOBase):
    """Decrypts what is read, at any position; raises Damaged for a chunk that was modified."""

    def __init__(self, file: BinaryIO, key: bytes) -> None:
        head = file.read(HEAD)
        sealed = file.seek(0, io.SEEK_END) - HEAD
        self._chunks = -(-sealed // (CHUNK + TAG))
        self._size = sealed - self._chunks * TAG
        if head[: len(MAGIC)] != MAGIC or self._size < 0 or not self._chunks:
            raise Damaged("this is not an encrypted archive, or it is truncated")
        self._file, self._cipher = file, _cipher(key, head[len(MAGIC) :])
        self._place, self._number, self._chunk = 0, -1, b""

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._place, io.SEEK_END: self._size}[whence]
        self._place = max(0, base + offset)
        return self._place

    def tell(self) -> int:
        return self._place

    def readinto(self, buffer: "bytearray | memoryview") -> int:  # type: ignore[override]
        if self._place >= self._size:
            return 0
        number, offset = divmod(self._place, CHUNK)
        if number != self._number:
            self._open(number)
        part = self._chunk[offset : offset + len(buffer)]
        buffer[: len(part)] = part
        self._place += len(part)
        return len(part)

    def _open(self, number: int) -> None:
        self._file.seek(HEAD + number * (CHUNK + TAG))
        sealed = self._file.read(CHUNK + TAG)
        try:
            self._chunk = self._cipher.decrypt(_nonce(number, number == self._chunks - 1), sealed, None)
        except InvalidTag as error:
            raise Damaged(f"chunk {number} was modified, or the key is wrong") from error
        self._number = number
