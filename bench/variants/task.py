"""The arguments of a variant's process, and how it waits for its end."""

import asyncio
import json
import signal
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

from contracts.connection import Connection

CASES, INBOX, OUTBOX, FENCES = "cases", "inbox", "outbox", "fences"
BATCH = 500


@dataclass(frozen=True)
class Task:
    """Where a variant reads and writes."""

    variant: str
    kafka: Connection
    mongo: str
    database: str
    reports: str  # the topic it consumes
    facts: str  # the topic it produces to
    folder: str
    facts_to_time: int = 0

    def command(self) -> list[str | Path]:
        """The command line of the process."""
        return [sys.executable, "-m", "bench.variants", json.dumps(asdict(self))]

    @classmethod
    def read(cls, words: str) -> Self:
        """The arguments from the command line."""
        fields = json.loads(words)
        return cls(**fields | {"kafka": Connection(**fields["kafka"])})

    @property
    def durable(self) -> str:
        """The connection string with the write concern of every variant."""
        return f"{self.mongo}&w=majority&journal=true"


async def until_terminated() -> None:
    """Return on SIGTERM."""
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    await stop.wait()
