"""The lines and the data of an LMTP connection; nothing larger than its limit is held in memory."""

import asyncio
import re

MOST_LINE = 2048
_CHUNK = 64 * 1024
_END = b"\r\n.\r\n"
_STUFFED = re.compile(rb"(\A|\r\n)\.")


class LineTooLong(Exception):
    """A line is longer than any command."""


class Wire:
    """One connection; `idle` seconds without a byte end it with TimeoutError."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, idle: float) -> None:
        self._reader, self._writer, self._idle = reader, writer, idle
        self._held = bytearray()

    async def line(self) -> bytes:
        """The next line without its end; raises EOFError at the end of the connection, LineTooLong, TimeoutError."""
        while (end := self._held.find(b"\n")) < 0:
            if len(self._held) > MOST_LINE:
                raise LineTooLong
            await self._more()
        if end > MOST_LINE:
            raise LineTooLong
        found = bytes(self._held[:end])
        del self._held[: end + 1]
        return found.removesuffix(b"\r")

    async def data(self, most: int) -> bytes | None:
        """The mail up to the line with one dot, or None when it has more bytes; then nothing of it is held.

        Only CR LF . CR LF is an end: servers that take others can be made to see two mails where the sender wrote one.
        """
        self._held[:0] = b"\r\n"  # a mail may be empty
        looked, fits = 0, True
        while (end := self._held.find(_END, looked)) < 0:
            if not fits or len(self._held) > most + len(_END):
                fits = False
                del self._held[: -len(_END)]
            looked = max(0, len(self._held) - len(_END) + 1)
            await self._more()
        mail = bytes(self._held[2 : end + 2]) if fits and end <= most else None
        del self._held[: end + len(_END)]
        return _STUFFED.sub(rb"\1", mail) if mail and (mail[:1] == b"." or b"\r\n." in mail) else mail

    async def _more(self) -> None:
        async with asyncio.timeout(self._idle):
            chunk = await self._reader.read(_CHUNK)
        if not chunk:
            raise EOFError
        self._held += chunk

    async def reply(self, *replies: str) -> None:
        """Send replies of one line each."""
        self._writer.write("".join(f"{reply}\r\n" for reply in replies).encode())
        async with asyncio.timeout(self._idle):
            await self._writer.drain()

    def close(self) -> None:
        """Close the connection."""
        self._writer.close()
