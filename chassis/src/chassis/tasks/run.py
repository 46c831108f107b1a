"""The document of a run: the request, the progress and the result."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, Self

from chassis.documents import Raw
from chassis.errors import Fenced
from chassis.store.collections import RUNS
from chassis.store.port import Transaction


class State(StrEnum):
    """The state of a run."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    CANCELLED = "cancelled"
    FAILED = "failed"


OPEN = frozenset({State.WAITING, State.RUNNING})


@dataclass(frozen=True)
class Run:
    """One version of a run's document.

    `cursor` is where the next chunk starts, in terms of the run's kind. `attempt` counts failures of the next chunk, which is not
    retried before `due`. `total` is the number of items, when known.
    """

    id: str
    kind: str
    asked: Mapping[str, str | None]
    by: str
    created_at: datetime
    progressed_at: datetime
    due: datetime
    state: State = State.WAITING
    counts: Mapping[str, int] = field(default_factory=dict)
    total: int | None = None
    cursor: Raw | None = None
    attempt: int = 0
    reason: str = ""
    ended_at: datetime | None = None
    version: int = 1

    @classmethod
    def read(cls, row: Raw) -> Self:
        """The run in a stored row."""
        known = {name: row[name] for name in cls.__dataclass_fields__ if name in row}
        return cls(**known | {"id": row["_id"], "state": State(row["state"])})

    def raw(self) -> Raw:
        """The document to store."""
        row = asdict(self)
        return {"_id": row.pop("id"), **row, "state": self.state.value}

    def view(self) -> dict[str, Any]:
        """The fields that the API and the pages show."""
        shown = ("id", "kind", "asked", "by", "state", "counts", "total", "created_at", "progressed_at")
        row = {name: getattr(self, name) for name in shown}
        return row | {"done": self.done, "ended_at": self.ended_at, "reason": self.reason or None}

    @property
    def done(self) -> int:
        """How many items are processed, however each ended."""
        return sum(self.counts.values())

    def further(self, counts: Mapping[str, int], cursor: Raw, now: datetime) -> Self:
        """The run after a chunk: these items are counted, and the next chunk starts at the cursor."""
        names = {**self.counts, **counts}
        sums = {name: self.counts.get(name, 0) + counts.get(name, 0) for name in names}
        return replace(
            self,
            state=State.RUNNING,
            counts=sums,
            cursor=cursor,
            progressed_at=now,
            attempt=0,
            reason="",
            version=self.version + 1,
        )


async def keep(tx: Transaction, before: Run, after: Run) -> None:
    """Replace the run's stored version by the next one.

    Raises Fenced when another process, or a cancellation, has written one meanwhile: the transaction must be abandoned.
    """
    row = (await tx.find(RUNS, [before.id])).get(before.id)
    if row is None or row["version"] != before.version:
        raise Fenced(f"run {before.id} is no longer at version {before.version}")
    await tx.replace(RUNS, [({"_id": before.id, "version": before.version}, after.raw())])
