"""One process of one service: what it is made of, how it starts, what it says of its health, and how it stops."""

import asyncio
import gc
import signal
import sys
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar

import uvloop
from fastapi import APIRouter, FastAPI

from chassis.claims import Claims
from chassis.clock import Clock, utc_now
from chassis.commands import Commands
from chassis.connections import server_of
from chassis.crash import CrashPoints
from chassis.delivery import Delivery
from chassis.depths import EVERY, Depths, Measure, Reading
from chassis.documents import Collection
from chassis.doors import Doors
from chassis.errors import Refused, Unavailable
from chassis.fold import Effects
from chassis.guards import Limits
from chassis.handling import Reactions
from chassis.http import build_app
from chassis.issuer import issuer_of
from chassis.jobs import Jobs, Worker
from chassis.kafka_mendings import mend_kafka_client
from chassis.lenient import unread_codecs
from chassis.logs import log, set_up
from chassis.loops import Loop, end
from chassis.mending import Mending, mending_over
from chassis.metrics import Metrics
from chassis.mongo import MongoStore
from chassis.neighbours import Neighbours
from chassis.ops_door import ops_router
from chassis.rates import Rates
from chassis.relay import Relay
from chassis.runs import LOOK_EVERY
from chassis.seed import SeedError
from chassis.settings import ServiceSettings
from chassis.slots import RENEW_EVERY, Slots
from chassis.store import Index, Lane, Store
from chassis.timers import Timers
from chassis.tokens import OidcTokens
from chassis.turn import COLLECTIONS, INDEXES, Turns
from chassis.watchdog import Watchdog

S = TypeVar("S", bound=ServiceSettings)

STUCK_SECONDS = 45.0
LANES = 2
JOBS_END_SECONDS = 10.0


@dataclass(frozen=True)
class Plan:
    """What a service is made of; its main.py says it and nothing else."""

    name: str
    reactions: Reactions
    collections: Sequence[Collection[Any]]
    routers: Callable[[Doors], Sequence[APIRouter]]
    hears: Sequence[str] = ()
    indexes: Sequence[Index] = ()
    workers: Mapping[type[Any], Worker] = field(default_factory=dict)
    measures: Sequence[Measure] = ()
    seed: Callable[[Doors], Awaitable[None]] | None = None
    closing: Sequence[Callable[[], Awaitable[None]]] = ()
    ops_pages: Callable[[Doors, Mending], APIRouter] | None = None


class Process:
    """One running replica."""

    def __init__(self, plan: Plan, settings: ServiceSettings, store: Store, clock: Clock = utc_now) -> None:
        self.plan, self.settings, self.store, self.clock = plan, settings, store, clock
        self.metrics = Metrics(plan.name)
        self.crash = CrashPoints(settings.crash_at)
        self.turns = Turns(
            plan.name, settings.slots, plan.reactions, self.metrics, self.crash, self._wake, clock
        )
        self.commands = Commands(self.turns, self.metrics, clock)
        tokens = OidcTokens(issuer_of(settings), settings.audience, clock)
        self.doors = Doors(store, self.commands, clock, tokens, Rates(settings.rate, settings.burst))
        self.slots = Slots(store, settings.instance, settings.slots)
        self.relay = Relay(plan.name, settings.connection, store, self.slots, self.metrics, self.crash, clock)
        self.readings = [
            Reading(one, self.doors, self.metrics.gauge(one.name, one.says, one.labels))
            for one in plan.measures
        ]
        self.loops: dict[str, Loop] = {}
        self.neighbours = Neighbours(store, self.slots, lambda name: self.loops[name].wake())
        self.delivery: Delivery | None = None
        self.jobs: Jobs | None = None
        self.mending: Mending | None = None
        self.seeded = plan.seed is None
        self._tasks: list[asyncio.Task[None]] = []

    def _wake(self, effects: Effects) -> None:
        told = {
            "relay": effects.outbox,
            "timers": effects.timers,
            "jobs": effects.jobs,
            "replays": effects.released,
        }
        for name, there in told.items():
            if there:
                self._wake_loop(name)

    def _wake_loop(self, name: str) -> None:
        if name in self.loops:
            self.loops[name].wake()

    async def furnish(self) -> Mending:
        """What the ops door works with; needs no engine yet."""
        if self.mending is None:
            self.mending = await mending_over(
                self.store, self.turns, self.slots, self.clock, lambda: self._wake_loop("relay")
            )
        return self.mending

    async def open(self) -> None:
        """Make the collections exist, then start everything that does not need Kafka."""
        mend_kafka_client()
        if missing := unread_codecs():
            log("codecs missing", level=40, cannot_read=missing)
        self._task(Watchdog(self.live, STUCK_SECONDS).run())
        commanded, timed, done = lanes = [await self.store.lane() for _ in range(3)]
        await self._patiently(partial(self._prepare, lanes))
        self._task(self.commands.serve(commanded))
        await self._loops(timed, done)
        self._task(self._seed())
        if self.plan.hears:
            self._task(self._join())

    async def _prepare(self, lanes: Sequence[Lane]) -> None:
        names = [*COLLECTIONS, *(collection.name for collection in self.plan.collections)]
        await self.store.ensure(names, [*INDEXES, *self.plan.indexes])
        await self.slots.reclaim(lanes)

    async def _loops(self, timed: Lane, done: Lane) -> None:
        plan, store, slots, clock = self.plan, self.store, self.slots, self.clock
        timers = Timers(store, slots, self.turns, plan.reactions, clock, timed)
        mending = await self.furnish()
        self.jobs = Jobs(
            store,
            slots,
            self.commands,
            plan.reactions,
            plan.workers,
            self.metrics,
            self.crash,
            clock,
            done,
        )
        steps = {
            "slots": (slots.share, RENEW_EVERY),
            "relay": (self.relay.sweep, 0.25),
            "timers": (timers.fire, 0.5),
            "jobs": (self.jobs.start_due, 0.5),
            "replays": (mending.replays.release, 1.0),
            "depths": (Depths(store, self.metrics).measure, 5.0),
        }
        steps |= {one.measure.name: (one.once, EVERY) for one in self.readings}
        for name, kind in mending.runs.kinds.items():
            steps[f"run {name}"] = (partial(mending.runs.advance, kind), LOOK_EVERY)
        self.loops = {
            name: Loop(name, step, partial(self._pace, every)) for name, (step, every) in steps.items()
        }
        self.jobs.done = self.loops["jobs"].wake
        for loop in self.loops.values():
            self._task(loop.run())
        self._task(self.neighbours.run())

    def _pace(self, every: float) -> float:
        """A process is woken by its own commits and by what it hears of others'; deaf to them, it looks more often."""
        deaf = self.slots.members > 1 and not self.neighbours.listening
        return min(every, max(0.05, every / 5)) if deaf else every

    async def _join(self) -> None:
        settings, name = self.settings, self.plan.name
        claims = Claims(name, self.store, [await self.store.lane() for _ in range(LANES)])
        self.delivery = Delivery(
            name, settings.connection, settings.instance, self.plan.hears, claims, self.turns, self.clock
        )
        await self._patiently(self.delivery.start)
        watch = self.loops["watch"] = Loop("watch", self.delivery.watch, 1.0)
        await watch.run()

    async def _seed(self) -> None:
        if self.plan.seed is not None:
            seed = self.plan.seed
            try:
                await self._patiently(lambda: seed(self.doors))
            except Refused as refusal:
                log("seed refused", level=40, reason=str(refusal), field=refusal.field, fix=refusal.fix)
                raise
            self.seeded = True

    async def _patiently(self, step: Callable[[], Awaitable[None]]) -> None:
        wait = 0.1
        while True:
            try:
                await step()
            except Unavailable as away:
                log("waiting", level=30, reason=str(away))
                await asyncio.sleep(wait)
                wait = min(3.0, wait * 2)
            else:
                return

    def _task(self, work: Any) -> None:
        self._tasks.append(asyncio.get_running_loop().create_task(work))

    def live(self) -> Mapping[str, Any]:
        """Alive while no loop is stuck and no task of ours has died."""
        now = time.monotonic()
        stuck = [name for name, loop in self.loops.items() if now - loop.beat > STUCK_SECONDS]
        if self.delivery is not None and self.delivery.stands_still(STUCK_SECONDS):
            stuck.append("delivery")
        dead = [str(task.get_coro()) for task in self._tasks if task.done() and task.exception() is not None]
        return {"ok": not stuck and not dead, "stuck": stuck, "dead": dead}

    def ready(self) -> Mapping[str, Any]:
        """Ready when the doors can serve; a consumer that rests is ready and says why."""
        resting = self.delivery.resting if self.delivery else ""
        heard = not self.plan.hears or (self.delivery is not None and bool(self.loops.get("watch")))
        return {
            "ok": bool(self.loops) and self.seeded,
            "consuming": heard,
            "resting": resting,
            "stopped": self.delivery.stops.told() if self.delivery else [],
            "unread_codecs": unread_codecs(),
            "seeded": self.seeded,
        }

    async def close(self) -> None:
        """Finish what is in hand, hand over what is held, and end."""
        if self.delivery is not None:
            await self.delivery.stop()
        if self.jobs is not None:
            await self.jobs.stop(JOBS_END_SECONDS)
        try:
            async with asyncio.timeout(5.0):
                await self._drain()
        except (Unavailable, TimeoutError) as away:
            log("outbox not drained", level=30, reason=str(away))
        await end(self._tasks)
        await self.relay.stop()
        for close in (*self.plan.closing, self.doors.tokens.close):
            await close()
        try:
            await self.slots.leave()
        except Unavailable as away:
            log("slots not given back", level=30, reason=str(away))
        await self.store.close()

    async def _drain(self) -> None:
        while await self.store.count("outbox", {}):
            self.loops["relay"].wake()
            await asyncio.sleep(0.05)


async def application(process: Process) -> FastAPI:
    """All HTTP doors of a process: its plan's, and those for whoever runs it."""
    plan, doors, mending = process.plan, process.doors, await process.furnish()
    routers = [*plan.routers(doors), ops_router(doors, mending)]
    if plan.ops_pages is not None:
        routers.append(plan.ops_pages(doors, mending))
    return build_app(
        plan.name,
        process.metrics,
        routers,
        process.live,
        process.ready,
        Limits.of(process.settings),
    )


async def run(process: Process) -> None:
    """Serve until SIGTERM or SIGINT: doors first to close, then consumers, then the relay."""
    settings = process.settings
    limits = Limits.of(settings)
    server = server_of(await application(process), settings.host, settings.port, limits)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    serving = loop.create_task(server.serve())
    opening = loop.create_task(process.open())
    log("started", instance=settings.instance, port=settings.port)
    await asyncio.wait({serving, loop.create_task(stop.wait())}, return_when=asyncio.FIRST_COMPLETED)
    server.should_exit = True
    await serving
    opening.cancel()
    await process.close()
    log("stopped", instance=settings.instance)


def serve(plan_of: Callable[[S], Plan], settings: S) -> None:
    """Run one replica of a service until it is told to stop; exits with 2 when its seed files cannot be used."""
    set_up(settings.service)
    try:
        plan = plan_of(settings)
    except SeedError as error:
        for fault in error.faults:
            log("seed file refused", level=50, reason=str(fault))
        sys.exit(2)

    async def main() -> None:
        await run(Process(plan, settings, MongoStore(settings.store, settings.database, settings.driver)))

    collect_seldom()
    uvloop.run(main())


def collect_seldom() -> None:
    """Look for garbage as rarely as batches of thousands of short-lived objects want it; what is loaded now stays."""
    gc.set_threshold(50_000, 20, 100)
    gc.freeze()
