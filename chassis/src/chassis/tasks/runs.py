"""Runs: bulk work in chunks, driven by one process at a time; no request waits for it.

A run is a document with state, counts and cursor. Each transaction of a chunk also writes the run's next version, so that every
counted item was processed once, and another process can continue from there. Runs of one kind are processed one after another.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Protocol

from chassis.clock import Clock
from chassis.documents import Raw
from chassis.errors import Fenced, Refused, Unavailable
from chassis.ids import slot_of, uuid7
from chassis.observe.logs import log
from chassis.store.audit import audit_row
from chassis.store.collections import AUDIT, QUEUES, RUNS
from chassis.store.port import Store, Transaction
from chassis.store.shard_leases import ShardLeases
from chassis.store.transactor import Transactor
from chassis.tasks.run import OPEN, Run, State, keep
from chassis.transaction.batch_processor import id_reused

QUEUED = 100  # open runs of one kind at most
TRIES = 5  # of a chunk that fails with a bug; while the store is down a run waits
LONGEST_WAIT = timedelta(seconds=30)
POLL_EVERY = 2.0  # whether another process has started a run
REST = 30.0  # of the loop of a kind that is not woken

Woken = Callable[[str], object]

Asked = Mapping[str, str | None]


class Kind(Protocol):
    """What runs of one kind do; with `single`, none is accepted while another is open."""

    name: str
    single: bool

    async def begin(self, asked: Asked) -> tuple[int | None, Raw]:
        """The number of items, when known, and the first cursor."""
        ...

    async def chunk(self, run: Run) -> Run | None:
        """Process the next chunk, within seconds, and return the stored run; None when nothing is left.

        Every transaction stores the run (`run.keep`) with its effects. A run that is returned unchanged is retried a little later.
        """
        ...


@dataclass
class Runs:
    """Starts, shows and ends the runs of one service, and drives those whose shard this process holds."""

    store: Store
    session: Transactor
    shard_leases: ShardLeases
    clock: Clock
    kinds: Mapping[str, Kind]
    woken: Woken = field(default=lambda _: None)  # gets the name of a kind that has an open run

    async def start(self, kind: str, asked: Asked, by: str, run_id: str | None = None) -> Run:
        """Store a run and its audit row; the same id with the same request is the same run.

        Raises Refused: 422 for an id that was used for another request, 409 while no other run of this kind is accepted.
        """
        now = self.clock()
        wanted = Run(run_id or uuid7(now), kind, dict(asked), by, now, now, now)

        async def work(tx: Transaction) -> Run:
            known = (await tx.find(RUNS, [wanted.id])).get(wanted.id)
            if known is not None:
                return _same(wanted, Run.read(known))
            await tx.insert(RUNS, [wanted.raw()])
            await self._queue(tx, wanted, by, "asked")
            return wanted

        run = await self.session.transact(work)
        self.woken(run.kind)
        return run

    async def read(self, run_id: str) -> Run:
        """One run; raises Refused (404)."""
        row = await self.store.get(RUNS, run_id)
        if row is None:
            raise _unknown()
        return Run.read(row)

    async def latest(self, limit: int) -> list[Run]:
        """The runs, latest first."""
        rows = await self.store.query(RUNS, {}, [("created_at", -1)], limit)
        return [Run.read(row) for row in rows]

    async def cancel(self, run_id: str, by: str) -> Run:
        """End a run where it is: processed items stay processed. Raises Refused: 404, or 409 when it has ended otherwise."""

        async def work(tx: Transaction) -> Run:
            run = await _found(tx, run_id)
            if run.state is State.CANCELLED:
                return run
            if run.state not in OPEN:
                raise Refused(
                    "run-ended", f"This run is {run.state.value}.", 409, fix="There is nothing to cancel."
                )
            return await self._end(tx, run, State.CANCELLED, by, "")

        return await self.session.transact(work)

    async def resume(self, run_id: str, by: str) -> Run:
        """Continue a run that failed or was cancelled, from where it stopped.

        Raises Refused: 404, or 409 when it is done or no other run of its kind is accepted now.
        """
        now = self.clock()

        async def work(tx: Transaction) -> Run:
            run = await _found(tx, run_id)
            if run.state in OPEN:
                return run
            if run.state is State.DONE:
                raise Refused("run-ended", "This run is done.", 409, fix="Start a new one.")
            again = replace(
                run,
                state=State.WAITING,
                attempt=0,
                due=now,
                reason="",
                ended_at=None,
                version=run.version + 1,
            )
            await keep(tx, run, again)
            await self._queue(tx, again, by, "resumed")
            return again

        run = await self.session.transact(work)
        self.woken(run.kind)
        return run

    async def look(self) -> bool:
        """Wake the kinds that have an open run in a shard of this process; one request for all kinds."""
        for queue in await self.store.query(QUEUES, {}):
            if queue["open"] and queue["_id"] in self.kinds and self._is_ours(queue["_id"]):
                self.woken(queue["_id"])
        return False

    def _is_ours(self, kind: str) -> bool:
        return slot_of(f"runs/{kind}", self.shard_leases.total) in self.shard_leases.owned()

    async def advance(self, kind: Kind) -> bool:
        """Process a chunk of the first run of this kind, if its shard is ours; returns whether there may be more to do at once.

        Raises Unavailable while the store is down; a bug is recorded, retried, and finally ends the run.
        """
        if not self._is_ours(kind.name):
            return False
        queue = await self.store.get(QUEUES, kind.name)
        if queue is None or not queue["open"]:
            return False
        run = await self.read(queue["open"][0])
        if run.state not in OPEN:
            return True  # it ended after the queue was read: a commit whose answer was lost took effect late
        if timedelta(0) < run.due - self.clock() <= LONGEST_WAIT:
            return False
        try:
            return await self._chunk(kind, run)
        except Fenced:
            return True
        except Unavailable:
            raise
        except Exception as error:  # noqa: BLE001 - any error of a kind fails its run only
            await self._failed(run.id, error)
            return False

    async def _chunk(self, kind: Kind, run: Run) -> bool:
        if run.state is State.WAITING and run.cursor is None:
            total, cursor = await kind.begin(run.asked)
            begun = replace(run.further({}, cursor, self.clock()), total=total)
            await self.session.transact(lambda tx: keep(tx, run, begun))
            return True
        after = await kind.chunk(run)
        if after is None:
            by = run.by
            await self.session.transact(lambda tx: self._end(tx, run, State.DONE, by, ""))
            return True
        return after.version != run.version

    async def _failed(self, run_id: str, error: Exception) -> None:
        now, text = self.clock(), f"{type(error).__name__}: {error}"[:500]

        async def work(tx: Transaction) -> Run:
            run = await _found(tx, run_id)
            attempt = run.attempt + 1
            if run.state not in OPEN or attempt >= TRIES:
                return await self._end(tx, run, State.FAILED, run.by, text) if run.state in OPEN else run
            due = now + min(LONGEST_WAIT, timedelta(seconds=2**attempt))
            again = replace(run, attempt=attempt, due=due, reason=text, version=run.version + 1)
            await keep(tx, run, again)
            return again

        run = await self.session.transact(work)
        log("run failed", level=40, error=error, run=run_id, kind=run.kind, attempt=run.attempt)

    async def _queue(self, tx: Transaction, run: Run, by: str, event: str) -> None:
        """Append a run to the queue of its kind; two concurrent starts conflict here."""
        row = (await tx.find(QUEUES, [run.kind])).get(run.kind)
        waiting = list(row["open"]) if row else []
        if waiting and (self.kinds[run.kind].single or len(waiting) >= QUEUED):
            raise Refused(
                "run-open",
                f"Run {waiting[0]} of this kind has not ended.",
                409,
                fix=f"Wait until /ops/runs/{waiting[0]} has ended, or cancel it.",
            )
        await _put_queue(tx, run.kind, row, [*waiting, run.id])
        await tx.insert(AUDIT, [_note(run, by, event, self.clock())])

    async def _end(self, tx: Transaction, run: Run, state: State, by: str, reason: str) -> Run:
        now = self.clock()
        ended = replace(run, state=state, reason=reason, ended_at=now, version=run.version + 1)
        await keep(tx, run, ended)
        row = (await tx.find(QUEUES, [run.kind]))[run.kind]
        await _put_queue(tx, run.kind, row, [one for one in row["open"] if one != run.id])
        await tx.insert(AUDIT, [_note(ended, by, state.value, now)])
        return ended


async def _put_queue(tx: Transaction, kind: str, before: Raw | None, waiting: list[str]) -> None:
    if before is None:
        await tx.insert(QUEUES, [{"_id": kind, "version": 1, "open": waiting}])
    else:
        version = before["version"]
        after = {"_id": kind, "version": version + 1, "open": waiting}
        await tx.replace(QUEUES, [({"_id": kind, "version": version}, after)])


async def _found(tx: Transaction, run_id: str) -> Run:
    row = (await tx.find(RUNS, [run_id])).get(run_id)
    if row is None:
        raise _unknown()
    return Run.read(row)


def _note(run: Run, by: str, event: str, now: datetime) -> Raw:
    """The audit row: the request and the counts so far."""
    details = {"run": run.id, "event": event, "asked": dict(run.asked), "counts": dict(run.counts)}
    return audit_row(now, by, run.kind, details | ({"reason": run.reason} if run.reason else {}))


def _same(wanted: Run, known: Run) -> Run:
    if (wanted.kind, dict(wanted.asked)) != (known.kind, dict(known.asked)):
        raise id_reused()
    return known


def _unknown() -> Refused:
    return Refused("unknown-run", "There is no such run.", 404, "run_id", "GET /ops/runs lists them.")
