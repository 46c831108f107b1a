"""Jobs: slow or external work runs outside transactions, and its result is handled as an input."""

import asyncio
import math
import random
from collections import deque
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from chassis.clock import Clock
from chassis.documents import AnyOf, AtMost, Between, Raw
from chassis.errors import Conflict, Poison, Unavailable
from chassis.handling import Reactions
from chassis.observe.crash_points import CrashPoints
from chassis.observe.logs import log
from chassis.observe.metrics import Metrics
from chassis.observe.tracing import SpanName, Tracer, current_traceparent, note, trace
from chassis.store.collections import JOBS
from chassis.store.port import Store, StoreSession
from chassis.store.shard_leases import ShardLeases
from chassis.tasks.loops import end
from chassis.transaction.commands import Commands
from chassis.transaction.inputs import Input, Lineage, Source

Worker = Callable[[Any, int], Awaitable[Any | None]]

AT_ONCE = 32
READ = 64  # rows read at once, so that a long queue is not read again for each job that ends
BEGUN = 20_000  # remembered: a job may begin and end before its own commit is answered
TRIES = 5  # after a bug; while an external service is down, retries do not end
LONGEST_WAIT = 300.0
RESTART_ATTEMPTS = 6  # within about 4 s, and a second apart: a service that restarts is back by then
# Attempts, within 13 s, to store a result while the store is down: the external work is not repeated.
RESULT_TRIES = 7
# No postponement is longer: a later due time was written by a process whose clock is ahead.
FROM_ANOTHER_CLOCK, FOR_EVER = timedelta(seconds=LONGEST_WAIT + 1), datetime(9000, 1, 1, tzinfo=UTC)
POLL_EVERY = 2.0
AHEAD_EVERY_SECONDS = 30.0
# As in the outbox scan: deleted rows stay in the index for minutes, so the whole range is scanned only periodically.
WHOLE_EVERY_SECONDS, MARGIN, LONG_AGO = 1.0, timedelta(seconds=2), datetime(2000, 1, 1, tzinfo=UTC)


@dataclass
class Jobs:
    """Runs the due jobs of the shards this process holds, a bounded number at a time.

    Jobs that this process has committed itself are handed over (`offer`), the others are read. A job begins only in a shard that
    no other process can have had since then.
    """

    store: Store
    shard_leases: ShardLeases
    commands: Commands
    reactions: Reactions
    workers: Mapping[type[Any], Worker]
    metrics: Metrics
    crash: CrashPoints
    clock: Clock
    session: StoreSession
    done: Callable[[], object] = object
    tracer: Tracer | None = None
    _running: dict[str, "asyncio.Task[None]"] = field(default_factory=dict)
    _begun: dict[str, None] = field(default_factory=dict)
    _waiting: deque[tuple[Raw, float]] = field(default_factory=deque)
    _more: bool = False
    _looks: bool = False
    _whole_at: float = -math.inf
    _ahead_at: float = -math.inf
    _begins: datetime = LONG_AGO
    _postponing: asyncio.Lock = field(default_factory=asyncio.Lock)
    _stopping: bool = False

    async def start_due(self) -> bool:
        """Start due jobs, up to the bound."""
        if (self._looks or not self._waiting) and len(self._running) < AT_ONCE:
            try:
                await self._read()
            except Unavailable:
                self._looks = True
                raise
        staying = set(self.shard_leases.accepting())
        while not self._stopping and self._waiting and len(self._running) < AT_ONCE:
            row, moment = self._waiting.popleft()
            if row["slot"] in staying and self.shard_leases.is_held_since(row["slot"], moment):
                self._begin(row)
        return False

    def offer(self, rows: Collection[Raw], began: float) -> None:
        """This process has committed these jobs, in a unit of work that began at that moment."""
        if self._more or len(self._waiting) + len(rows) > READ:
            self._more = self._more or bool(rows)  # in their order, behind those that wait in the store
            return
        now, waiting = self.clock(), {row["_id"] for row, _ in self._waiting}
        for row in rows:
            if row["due"] <= now and row["_id"] not in waiting and row["_id"] not in self._begun:
                self._waiting.append((row, began))

    def look(self) -> None:
        """There may be due jobs that were not offered."""
        self._looks = True
        self.done()

    def _begin(self, row: Raw) -> None:
        self._begun[row["_id"]] = None
        while len(self._begun) > BEGUN:
            del self._begun[next(iter(self._begun))]
        task = self._running[row["_id"]] = asyncio.create_task(self._traced(row))
        self.shard_leases.pin(row["slot"])
        task.add_done_callback(partial(self._ended, row))

    async def _read(self) -> None:
        self._looks, read_at = False, self.shard_leases.monotonic()
        whole = read_at - self._whole_at >= WHOLE_EVERY_SECONDS
        due = AtMost(self.clock()) if whole else Between(self._begins, self.clock())
        where = {"slot": AnyOf(self.shard_leases.accepting()), "due": due}
        busy = set(self._running)  # a job that ends during the query is still in its snapshot
        most = READ + len(busy)
        rows = await self.store.query(JOBS, where, [("due", 1)], most)
        self._more = len(rows) == most
        self._whole_at = read_at if whole else self._whole_at
        self._begins = rows[0]["due"] - MARGIN if rows else self._begins
        if not self._more and read_at - self._ahead_at >= AHEAD_EVERY_SECONDS:
            self._ahead_at = read_at
            ahead = Between(self.clock() + FROM_ANOTHER_CLOCK, FOR_EVER)
            rows += await self.store.query(JOBS, where | {"due": ahead}, [("due", 1)], most)
        busy.update(row["_id"] for row, _ in self._waiting)
        self._waiting.extend((row, read_at) for row in rows if row["_id"] not in busy)

    def _ended(self, row: Raw, _: "asyncio.Task[None]") -> None:
        self._running.pop(row["_id"], None)
        self.shard_leases.unpin(row["slot"])
        if self._waiting or self._more:
            self.done()

    async def _traced(self, row: Raw) -> None:
        about = {"ascolto.type": row["kind"], "ascolto.correlation": row["correlation"]}
        about["ascolto.attempt"] = row["attempt"] + 1
        with trace(self.tracer, SpanName.JOB, row["traceparent"], about):
            await self._work(row)

    async def _work(self, row: Raw) -> None:
        kinds = {kind.__name__: kind for kind in self.workers}
        attempt = row["attempt"] + 1
        try:
            kind = kinds[row["kind"]]
            self.crash.at("job.started")
            result = await self.workers[kind](self.reactions.load(kind, row["body"]), attempt)
            self.crash.at("job.done")
            await self._finish(row, result)
            self._count(row, "done")
        except Unavailable as away:
            self._count(row, "postponed")
            log(
                "job postponed", level=30, job=row["_id"], kind=row["kind"], attempt=attempt, reason=str(away)
            )
            await self._postpone(row, attempt, max(min(attempt, 2), attempt - RESTART_ATTEMPTS + 2))
        except Exception as error:  # noqa: BLE001 - external services fail in unexpected ways
            self._count(row, "failed")
            log("job failed", level=40, error=error, job=row["_id"], kind=row["kind"], attempt=attempt)
            await self._try_again_or_park(row, attempt, error)

    def _count(self, row: Raw, outcome: str) -> None:
        self.metrics.jobs.labels(row["kind"], outcome).inc()
        note(outcome=outcome)

    async def _finish(self, row: Raw, result: Any | None) -> None:
        item, failures = self._input(row, result), 0
        while True:
            try:
                await self.commands.submit(item)
            except Unavailable as away:
                failures += 1
                if failures == RESULT_TRIES:
                    raise
                log("job result not stored", level=30, job=row["_id"], reason=str(away))
                await asyncio.sleep(0.1 * 2**failures)
            else:
                return

    async def _try_again_or_park(self, row: Raw, attempt: int, error: Exception) -> None:
        if attempt < TRIES and not isinstance(error, Poison):
            await self._postpone(row, attempt, attempt)
            return
        try:
            await self.commands.submit(self._input(row, None, f"{type(error).__name__}: {error}"))
        except Unavailable:
            await self._postpone(row, attempt, attempt)

    def _input(self, row: Raw, body: Any | None, unreadable: str | None = None) -> Input:
        return Input(
            f"job:{row['_id']}",
            body,
            self.clock(),
            row["key"],
            replace(Lineage.of(row), traceparent=current_traceparent(row["traceparent"])),
            consumes=(JOBS, row["_id"]),
            unreadable=unreadable,
            source=Source.OWN,
        )

    async def _postpone(self, row: Raw, attempt: int, doublings: int) -> None:
        wait = min(LONGEST_WAIT, 0.25 * 2 ** min(doublings, 12)) * random.uniform(0.5, 1)
        later = row | {"attempt": attempt, "due": self.clock() + timedelta(seconds=wait)}
        guard = {"_id": row["_id"], "attempt": row["attempt"]}
        async with self._postponing:
            try:
                await self.session.transact(lambda tx: tx.replace(JOBS, [(guard, later)]))
                asyncio.get_running_loop().call_later(wait, self.look)
            except (Unavailable, Conflict) as away:
                log("job not postponed", level=30, job=row["_id"], reason=str(away))

    async def stop(self, seconds: float) -> None:
        """Start nothing more and let running jobs end within `seconds`; unfinished jobs run again after the next start."""
        self._stopping = True
        if self._running:
            await asyncio.wait(self._running.values(), timeout=seconds)
        await end(list(self._running.values()))
