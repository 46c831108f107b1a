"""An SMTP server that stores every accepted message as a raw file, and fails on request of a test."""

import argparse
import asyncio
import email
import email.policy
import json
import time
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple, cast

from aiosmtpd.smtp import SMTP, Envelope, Session

from stack.files import write_atomically
from stack.ports import HOST

BEHAVIOUR = "behaviour.json"


class Mail(NamedTuple):
    """One stored message, parsed."""

    to: str
    subject: str
    message_id: str
    headers: dict[str, str]
    body: str


def read_mails(folder: Path) -> list[Mail]:
    """Every accepted message, oldest first; copies are included."""
    return [_parse(path.read_bytes()) for path in sorted(folder.glob("*.eml"))]


def _parse(raw: bytes) -> Mail:
    message = email.message_from_bytes(raw, policy=email.policy.default)
    headers = {name: str(value) for name, value in message.items()}
    body = message.get_body(("plain", "html"))
    text = str(body.get_content()) if body else ""
    found = {name.lower(): value for name, value in headers.items()}
    return Mail(found.get("to", ""), found.get("subject", ""), found.get("message-id", ""), headers, text)


@dataclass
class Behaviour:
    """The failures that the control file asks for, read at every command; rewriting the file resets its counters."""

    file: Path
    _stamp: tuple[int, int] = (0, 0)
    _asked: dict[str, Any] = field(default_factory=dict)

    def refresh(self) -> None:
        """Reads the file again if it was created, changed or removed; a partly written file is ignored."""
        try:
            stat = self.file.stat()
            stamp = (stat.st_mtime_ns, stat.st_ino)
            if stamp != self._stamp:
                self._asked = dict(json.loads(self.file.read_bytes()))
                self._stamp = stamp
        except FileNotFoundError:
            self._asked, self._stamp = {}, (0, 0)
        except ValueError:
            return

    def rejects(self, recipient: str) -> bool:
        """Tells whether this recipient is refused permanently."""
        word = str(self._asked.get("reject_rcpt_containing", ""))
        return bool(word) and word in recipient

    def delay(self) -> float:
        """The delay of the answer to a message, in seconds."""
        return float(self._asked.get("delay_seconds", 0))

    def spend(self, countdown: str) -> bool:
        """Decrements a counter and tells whether it was above 0."""
        left = int(self._asked.get(countdown, 0))
        self._asked[countdown] = max(0, left - 1)
        return left > 0


class Store:
    """Answers 250 only after a message is stored durably."""

    def __init__(self, folder: Path) -> None:
        """Stores messages in this folder."""
        self._folder = folder
        self._behaviour = Behaviour(folder / BEHAVIOUR)

    async def handle_RCPT(  # noqa: N802 - the name that aiosmtpd expects
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        """Accepts a recipient, or refuses it permanently on request."""
        self._behaviour.refresh()
        if self._behaviour.rejects(address):
            return "550 5.1.1 No such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(  # noqa: N802 - the name that aiosmtpd expects
        self, server: SMTP, _session: Session, envelope: Envelope
    ) -> str:
        """Stores a message and answers 250, or fails as requested."""
        self._behaviour.refresh()
        await asyncio.sleep(self._behaviour.delay())
        if self._behaviour.spend("temporary_failures"):
            return "451 4.3.0 Try again later"
        name = f"{time.time_ns()}-{uuid.uuid4()}.eml"
        content = cast(bytes, envelope.original_content)
        await asyncio.to_thread(write_atomically, self._folder / name, content)
        if self._behaviour.spend("drop_reply_after_store") and server.transport:
            cast(asyncio.Transport, server.transport).abort()
        return "250 2.0.0 Kept"


async def serve(port: int, folder: Path) -> None:
    """Accepts mail until the process ends."""
    folder.mkdir(parents=True, exist_ok=True)
    store = Store(folder)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: SMTP(store, hostname="mailbox.localhost", enable_SMTPUTF8=True, loop=loop), HOST, port
    )
    async with server:
        await server.serve_forever()


def main() -> None:
    """Runs the mailbox on a loopback port."""
    parser = argparse.ArgumentParser(prog="stack.mailbox", description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--folder", type=Path, required=True)
    args = parser.parse_args()
    asyncio.run(serve(args.port, args.folder))


if __name__ == "__main__":
    main()
