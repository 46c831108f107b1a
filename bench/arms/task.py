"""What a child is told, and how it ends."""

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
    """Where a child reads and writes."""

    arm: str
    kafka: Connection
    mongo: str
    database: str
    reports: str  # the topic it hears
    facts: str  # the topic it says facts on
    folder: str
    facts_to_time: int = 0

    def command(self) -> list[str | Path]:
        """The command line of the child."""
        return [sys.executable, "-m", "bench.arms", json.dumps(asdict(self))]

    @classmethod
    def read(cls, words: str) -> Self:
        """What the command line said."""
        told = json.loads(words)
        return cls(**told | {"kafka": Connection(**told["kafka"])})

    @property
    def durable(self) -> str:
        """The connection string with the durability that every arm has."""
        return f"{self.mongo}&w=majority&journal=true"


async def until_told() -> None:
    """Returns when the process is asked to end."""
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    await stop.wait()
