#!/usr/bin/env python3
"""Catches mails as Mailpit does, as far as the tests ask it: SMTP, the list, a raw message, readiness; in memory only."""

import asyncio
import email
import email.policy
import json
import os
import sys
import urllib.error
import urllib.request
import uuid
from collections import OrderedDict
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any, NamedTuple
from urllib.parse import parse_qs, urlsplit

from aiosmtpd.smtp import SMTP

LARGEST = 50 * 1024**2


class StoredMail(NamedTuple):
    """One message and when it came."""

    created: str
    raw: bytes


KEPT: "OrderedDict[str, StoredMail]" = OrderedDict()


class Catcher:
    """Takes every message."""

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802 - the name that the server looks for
        """Keep a message, and forget the oldest where there are too many."""
        now = datetime.now(UTC).isoformat(timespec="microseconds")
        KEPT[uuid.uuid4().hex] = StoredMail(now, envelope.original_content)
        while len(KEPT) > int(os.environ.get("MP_MAX_MESSAGES", "500")):
            KEPT.popitem(last=False)
        return "250 2.0.0 Ok: queued"


def summary(name: str) -> dict[str, Any]:
    """One row of the list."""
    kept = KEPT[name]
    message = email.message_from_bytes(kept.raw, policy=email.policy.default)
    people = [{"Name": "", "Address": one.addr_spec} for one in getattr(message["To"], "addresses", ())]
    return {
        "ID": name,
        "MessageID": str(message.get("Message-ID", "")).strip("<>"),
        "To": people,
        "Subject": str(message.get("Subject", "")),
        "Created": kept.created,
        "Size": len(kept.raw),
    }


class Door(BaseHTTPRequestHandler):
    """The HTTP API."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Answer one question."""
        parts = urlsplit(self.path)
        words = parts.path.strip("/").split("/")
        if parts.path in ("/readyz", "/livez"):
            return self._print(200, "text/plain", b"ok")
        if words == ["api", "v1", "messages"]:
            asked = {name: int(found[0]) for name, found in parse_qs(parts.query).items()}
            start = asked.get("start", 0)
            newest = list(reversed(list(KEPT)))
            rows = [summary(name) for name in newest[start : start + asked.get("limit", 50)]]
            text = json.dumps({"total": len(newest), "start": start, "count": len(rows), "messages": rows})
            return self._print(200, "application/json", text.encode())
        if words[:3] == ["api", "v1", "message"] and words[4:] == ["raw"] and words[3] in KEPT:
            return self._print(200, "text/plain", KEPT[words[3]].raw)
        return self._print(404, "text/plain", b"not found")

    def _print(self, status: int, kind: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_words: Any) -> None:
        """Say nothing."""


async def catch() -> None:
    """Take mail until the process ends."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: SMTP(Catcher(), data_size_limit=LARGEST, enable_SMTPUTF8=True, loop=loop), "0.0.0.0", 1025
    )
    async with server:
        await server.serve_forever()


def main() -> int:
    """Serve, or say whether somebody does."""
    if sys.argv[1:] == ["readyz"]:
        try:
            with urllib.request.urlopen("http://127.0.0.1:8025/readyz", timeout=4):
                return 0
        except (urllib.error.URLError, OSError):
            return 1
    Thread(target=ThreadingHTTPServer(("0.0.0.0", 8025), Door).serve_forever, daemon=True).start()
    asyncio.run(catch())
    return 0


if __name__ == "__main__":
    sys.exit(main())
