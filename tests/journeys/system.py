"""The system that journeys are walked on: a running one, or one of their own with the data of a demo day."""

import asyncio
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from stack.demo import play_day
from stack.processes import print_stderr
from stack.system import System
from stack.tools import REPOSITORY

OWN_STATE = REPOSITORY / ".state" / "journeys"
REPORTS, SEED = 60, 16
OWN = {"routing": {"ROUTING_UNDO_SECONDS": "8"}}


class OwnSystem(System):
    """A system whose closings can be waited for."""

    def launch_service(self, name: str, ordinal: int = 0, extra_env: Mapping[str, str] | None = None) -> None:
        """Starts a service process with what the journeys need."""
        super().launch_service(name, ordinal, {**OWN.get(name, {}), **(extra_env or {})})


@contextmanager
def journey_system(state: Path | None) -> Iterator[System]:
    """The system in this folder as it runs; without a folder, a system of our own that ends with the journeys."""
    system = System(state) if state else OwnSystem(OWN_STATE)
    if state is not None:
        system.start()
        yield system
        return
    try:
        system.stop()  # left over from a killed run, as its data are: budgets would be spent already
        shutil.rmtree(OWN_STATE, ignore_errors=True)
        system.start()
        began = datetime.now(UTC)
        print_stderr(f"journeys: everything runs at {system.public_url}; playing a day of {REPORTS} reports")
        path = system.root / "demo" / f"{began:%Y%m%dT%H%M%S}" / "client.jsonl"
        asyncio.run(play_day(system, SEED, REPORTS, began, path, lambda _stage: None))
        yield system
    finally:
        system.stop()
