"""A service in memory: its plan over a store in memory, without Kafka, MongoDB or an issuer."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any, Self, TypeVar

import httpx
from fastapi import FastAPI

from chassis.clock import Clock
from chassis.documents import Collection, Order, Where
from chassis.handling import Reactions
from chassis.http.app import build_app
from chassis.http.context import Answer, ServiceContext
from chassis.http.middleware import Limits
from chassis.ids import derive
from chassis.observe.crash_points import CrashPoints
from chassis.observe.metrics import Metrics
from chassis.runtime.plan import Plan
from chassis.store.collections import COLLECTIONS, INDEXES, JOBS, OUTBOX, TIMERS
from chassis.store.memory import MemoryStore
from chassis.store.port import Store
from chassis.store.shard_leases import ShardLeases
from chassis.tasks.timers import Timers
from chassis.testing.tokens import MemoryTokens
from chassis.transaction.commands import Commands
from chassis.transaction.inputs import Input, Lineage, Outcome, Source
from chassis.transaction.unit_of_work import UnitOfWork
from contracts.base import Event
from contracts.topics import BY_TYPE

T = TypeVar("T")
SLOTS = 4


def memory_unit_of_work(
    service: str, reactions: Reactions, crash: str = "", slots: int = SLOTS
) -> UnitOfWork:
    """A unit of work that wakes no loop; `crash` names the crash point, if any."""
    return UnitOfWork(service, slots, reactions, Metrics(service), CrashPoints(crash), woken=lambda *_: None)


@asynccontextmanager
async def committing(
    store: Store, commands: Commands, collections: Sequence[Collection[Any]] = ()
) -> AsyncIterator[None]:
    """Create the collections, and commit commands until the block ends."""
    await store.ensure([*COLLECTIONS, *(collection.name for collection in collections)], INDEXES)
    serving = asyncio.create_task(commands.serve(await store.session()))
    try:
        yield
    finally:
        serving.cancel()


class MemoryService:
    """One service in this process; `async with` starts it, seeds it and ends it.

    `now` is read at each use: a test may move it. Every token is the name of its role unless `roles` maps others.
    """

    def __init__(self, plan: Plan, now: datetime, roles: Mapping[str, str] | None = None) -> None:
        self.plan, self.now, self.store = plan, now, MemoryStore()
        self.unit_of_work = memory_unit_of_work(plan.name, plan.reactions)
        self.commands = Commands(self.unit_of_work, self.unit_of_work.metrics, self.clock)
        tokens = MemoryTokens.by_role() if roles is None else MemoryTokens(roles)
        self.context = ServiceContext(self.store, self.commands, self.clock, tokens)
        self.app: FastAPI = build_app(
            plan.name,
            self.unit_of_work.metrics,
            plan.routers(self.context),
            _healthy,
            _healthy,
            Limits(bodies=plan.bodies),
            error_page=plan.error_page,
        )
        self.http = self.client()
        self._committing = committing(self.store, self.commands, plan.collections)

    async def __aenter__(self) -> Self:
        await self._committing.__aenter__()
        if self.plan.seed is not None:
            await self.plan.seed(self.context)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.http.aclose()
        await self._committing.__aexit__(None, None, None)

    @property
    def clock(self) -> Clock:
        """The clock of the service, which shows `now`."""
        return lambda: self.now

    def client(self, token: str | None = None, *, raises: bool = True) -> httpx.AsyncClient:
        """A client of the HTTP API, with this bearer token; a bug in a route is raised here, or answered with 500."""
        transport = httpx.ASGITransport(self.app, raise_app_exceptions=raises)
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        return httpx.AsyncClient(
            transport=transport, base_url=f"http://{self.plan.name}.example", headers=headers
        )

    async def command(self, body: Any, *, id: str, key: str) -> Answer:  # noqa: A002
        """Run a command and return its answer after the commit; raises Refused."""
        return await self.context.run(body, id=id, key=key)

    async def event(
        self,
        event: Event,
        *,
        id: str | None = None,  # noqa: A002
        key: str | None = None,
        now: datetime | None = None,
    ) -> Outcome:
        """Handle an event in a transaction of its own.

        Without an id, equal events have equal ids; `key` is the subject unless the test gives another.
        """
        name = derive(repr(event), "event") if id is None else id
        subject = event.subject if key is None else key
        return await self._handle(Input(name, event, now or self.now, subject, Lineage(subject)))

    async def timer(self, body: Any, *, key: str, due: datetime) -> Outcome:
        """Handle the body of a timer that nobody scheduled, as of `due`."""
        name = f"timer:{derive(repr(body), 'timer')}@{due.isoformat()}"
        return await self._handle(Input(name, body, due, key, Lineage(key), source=Source.OWN))

    async def fire_timers(self) -> None:
        """Fire every scheduled timer that is due at `now`."""
        leases = ShardLeases(self.store, "memory", self.unit_of_work.slots)
        await leases.reclaim()
        session = await self.store.session()
        timers = Timers(self.store, leases, self.unit_of_work, self.plan.reactions, self.clock, session)
        while await timers.fire():
            pass

    async def run_jobs(self, attempt: int = 1) -> None:
        """Run the plan's worker for every job that waits, and handle each result."""
        known = {**self.plan.workers, **self.plan.workers_in(self.context)}
        workers = {kind.__name__: (kind, worker) for kind, worker in known.items()}
        for row in await self.store.query(JOBS, {}):
            kind, worker = workers[row["kind"]]
            result = await worker(self.plan.reactions.load(kind, row["body"]), attempt)
            await self.job_result(row["_id"], result)

    async def job_result(self, job_id: str, result: Any) -> Outcome:
        """Handle the result of a job that waits, as its worker would return it."""
        row = await self.store.get(JOBS, job_id)
        if row is None:
            raise LookupError(f"no job is called {job_id}")
        return await self._handle(
            Input(
                f"job:{job_id}",
                result,
                self.now,
                row["key"],
                Lineage.of(row),
                consumes=(JOBS, job_id),
                source=Source.OWN,
            )
        )

    async def document(self, collection: Collection[T], id: str) -> T | None:  # noqa: A002
        """One committed document."""
        return await self.context.load(collection, id)

    async def documents(
        self, collection: Collection[T], where: Where | None = None, order: Order = ()
    ) -> list[T]:
        """The committed documents of a collection, without limit."""
        return await self.context.list(collection, where, order, limit=0)

    async def published(self) -> list[Event]:
        """The events in the outbox, oldest first; copies of parked records are left out."""
        rows = await self.store.query(OUTBOX, {}, [("stamp", 1), ("sequence", 1)])
        return [BY_TYPE[row["type"]].read(row["payload"]) for row in rows if row["type"] in BY_TYPE]

    async def timers(self) -> list[Any]:
        """The bodies of the scheduled timers, earliest first."""
        kinds = {kind.__name__: kind for kind in self.plan.reactions.types()}
        rows = await self.store.query(TIMERS, {}, [("due", 1)])
        return [self.plan.reactions.load(kinds[row["kind"]], row["body"]) for row in rows]

    async def _handle(self, item: Input) -> Outcome:
        [outcome] = await self.unit_of_work.run(await self.store.session(), [item])
        return outcome


def _healthy() -> Mapping[str, Any]:
    return {"ok": True}
