"""Logins that must fail, spoken as bytes: client libraries put a code of their own in place of the broker's."""

import base64
import os
import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from contracts.connection import MECHANISM, Connection
from stack.permission_attempts import ALLOWED

SASL_HANDSHAKE, SASL_AUTHENTICATE = 17, 36
CODES = {0: ALLOWED, 33: "UNSUPPORTED_SASL_MECHANISM", 58: "SASL_AUTHENTICATION_FAILED"}
SECONDS = 10.0


class Wire(Protocol):
    """A connected socket, with TLS or without."""

    def sendall(self, data: bytes, /) -> None:
        """Sends all of it."""

    def recv(self, size: int, /) -> bytes:
        """Up to so many bytes; none when the other side has closed."""


def handshake(connection: Connection, mechanism: str) -> str:
    """What the broker answers to who wants to come in by a mechanism."""
    with _wire(connection) as wire:
        return _code(_ask(wire, SASL_HANDSHAKE, _text(mechanism)))


def wrong_password(connection: Connection) -> str:
    """What the broker answers to a user whose proof of knowing the password is made up."""
    nonce, proof = (base64.b64encode(os.urandom(size)).decode() for size in (24, 64))
    with _wire(connection) as wire:
        _ask(wire, SASL_HANDSHAKE, _text(MECHANISM))
        answer = _ask(wire, SASL_AUTHENTICATE, _data(f"n,,n={connection.user},r={nonce}"))
        if _code(answer) != ALLOWED:
            return _code(answer)
        theirs = dict(part.split("=", 1) for part in _said(answer).split(","))
        last = f"c=biws,r={theirs['r']},p={proof}"
        return _code(_ask(wire, SASL_AUTHENTICATE, _data(last)))


@contextmanager
def _wire(connection: Connection) -> Iterator[Wire]:
    host, _, port = connection.servers.partition(",")[0].rpartition(":")
    with socket.create_connection((host, int(port)), SECONDS) as plain:
        tls = connection.tls()
        if tls is None:
            yield plain
            return
        with tls.wrap_socket(plain, server_hostname=host) as sealed:
            yield sealed


def _ask(wire: Wire, api: int, body: bytes) -> bytes:
    request = struct.pack(">hhi", api, 1, 0) + _text("denials") + body
    wire.sendall(struct.pack(">i", len(request)) + request)
    [size] = struct.unpack(">i", _read(wire, 4))
    return _read(wire, size)[4:]


def _read(wire: Wire, size: int) -> bytes:
    found = b""
    while len(found) < size:
        part = wire.recv(size - len(found))
        if not part:
            raise ConnectionError("the broker closed the connection without an answer")
        found += part
    return found


def _code(answer: bytes) -> str:
    [code] = struct.unpack_from(">h", answer)
    return CODES.get(code, f"code {code}")


def _said(answer: bytes) -> str:
    """The server's part of SCRAM: after the code and an error message, which is none."""
    [size] = struct.unpack_from(">i", answer, 4)
    return answer[8 : 8 + size].decode()


def _text(word: str) -> bytes:
    return struct.pack(">h", len(word)) + word.encode()


def _data(words: str) -> bytes:
    return struct.pack(">i", len(words)) + words.encode()
