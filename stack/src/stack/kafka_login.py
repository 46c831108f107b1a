"""Failing SASL logins over a raw socket: client libraries replace the error code of the broker with their own."""

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


class Connected(Protocol):
    """A connected socket, with or without TLS."""

    def sendall(self, data: bytes, /) -> None:
        """Sends all bytes."""

    def recv(self, size: int, /) -> bytes:
        """Receives up to `size` bytes; empty when the peer has closed."""


def handshake(connection: Connection, mechanism: str) -> str:
    """The broker's answer to a SASL handshake with this mechanism."""
    with _connect(connection) as stream:
        return _code(_ask(stream, SASL_HANDSHAKE, _text(mechanism)))


def wrong_password(connection: Connection) -> str:
    """The broker's answer to a SCRAM login with a wrong proof."""
    nonce, proof = (base64.b64encode(os.urandom(size)).decode() for size in (24, 64))
    with _connect(connection) as stream:
        _ask(stream, SASL_HANDSHAKE, _text(MECHANISM))
        answer = _ask(stream, SASL_AUTHENTICATE, _data(f"n,,n={connection.user},r={nonce}"))
        if _code(answer) != ALLOWED:
            return _code(answer)
        server = dict(part.split("=", 1) for part in _server_message(answer).split(","))
        last = f"c=biws,r={server['r']},p={proof}"
        return _code(_ask(stream, SASL_AUTHENTICATE, _data(last)))


@contextmanager
def _connect(connection: Connection) -> Iterator[Connected]:
    host, _, port = connection.servers.partition(",")[0].rpartition(":")
    with socket.create_connection((host, int(port)), SECONDS) as plain:
        tls = connection.tls()
        if tls is None:
            yield plain
            return
        with tls.wrap_socket(plain, server_hostname=host) as encrypted:
            yield encrypted


def _ask(stream: Connected, api: int, body: bytes) -> bytes:
    request = struct.pack(">hhi", api, 1, 0) + _text("permissions") + body
    stream.sendall(struct.pack(">i", len(request)) + request)
    [size] = struct.unpack(">i", _read(stream, 4))
    return _read(stream, size)[4:]


def _read(stream: Connected, size: int) -> bytes:
    found = b""
    while len(found) < size:
        part = stream.recv(size - len(found))
        if not part:
            raise ConnectionError("the broker closed the connection without an answer")
        found += part
    return found


def _code(answer: bytes) -> str:
    [code] = struct.unpack_from(">h", answer)
    return CODES.get(code, f"code {code}")


def _server_message(answer: bytes) -> str:
    """The server's SCRAM message, after the error code and an empty error message."""
    [size] = struct.unpack_from(">i", answer, 4)
    return answer[8 : 8 + size].decode()


def _text(word: str) -> bytes:
    return struct.pack(">h", len(word)) + word.encode()


def _data(words: str) -> bytes:
    return struct.pack(">i", len(words)) + words.encode()
