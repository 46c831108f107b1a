"""The document of a run: what was asked, how far it is, and how it ended."""

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
    """Where a run stands."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    CANCELLED = "cancelled"
    FAILED = "failed"


OPEN = frozenset({State.WAITING, State.RUNNING})


@dataclass(frozen=True)
class Run:
    """One run, as one version of its document has it.

    `cursor` is where the next chunk begins, in the terms of its kind. `attempt` counts the failures of the next chunk, which is
    not tried again before `due`. `total` is how many there are to do, when that is known.
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
        """The run that is stored."""
        known = {name: row[name] for name in cls.__dataclass_fields__ if name in row}
        return cls(**known | {"id": row["_id"], "state": State(row["state"])})

    def raw(self) -> Raw:
        """The document to store."""
        row = asdict(self)
        return {"_id": row.pop("id"), **row, "state": self.state.value}

    def view(self) -> dict[str, Any]:
        """What people and programs are shown."""
        shown = ("id", "kind", "asked", "by", "state", "counts", "total", "created_at", "progressed_at")
        row = {name: getattr(self, name) for name in shown}
        return row | {"done": self.done, "ended_at": self.ended_at, "reason": self.reason or None}

    @property
    def done(self) -> int:
        """How many are dealt with, however each ended."""
        return sum(self.counts.values())

    def further(self, counts: Mapping[str, int], cursor: Raw, now: datetime) -> Self:
        """The run after a part of its work: these are counted, and the next part begins at the cursor."""
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
    """Put the run's next version in place of the one that was read.

    Raises Fenced when another process, or whoever cancelled it, has written one meanwhile: the transaction must be given up.
    """
    row = (await tx.find(RUNS, [before.id])).get(before.id)
    if row is None or row["version"] != before.version:
        raise Fenced(f"run {before.id} is not at version {before.version} any more")
    await tx.replace(RUNS, [({"_id": before.id, "version": before.version}, after.raw())])
