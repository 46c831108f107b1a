"""One running replica of a service: start, health, shutdown."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, Any

from chassis.clock import Clock, utc_now
from chassis.consumer.aiokafka_patches import patch_aiokafka
from chassis.consumer.claims import Claims
from chassis.consumer.raw_fetch import unread_codecs
from chassis.errors import Refused, Unavailable
from chassis.http.context import ServiceContext
from chassis.http.issuer import issuer_of
from chassis.http.rates import Rates
from chassis.http.tokens import OidcTokens
from chassis.observe.crash_points import CrashPoints
from chassis.observe.logs import log
from chassis.observe.metrics import Metrics
from chassis.observe.tracing import tracer_of
from chassis.observe.vitals import Vitals, vitals_of
from chassis.outbox.relay import Relay
from chassis.outbox.sent import UNSENT, former_indexes
from chassis.parking.dead_letters import DeadLetters, open_dead_letters
from chassis.runtime import safety_poll
from chassis.runtime.plan import Plan
from chassis.runtime.queue_gauges import EVERY, GaugeReader, QueueGauges
from chassis.runtime.safety_poll import SafetyPoll
from chassis.runtime.watchdog import Watchdog
from chassis.settings import ServiceSettings
from chassis.store.change_stream_waker import ChangeStreamWaker
from chassis.store.collections import COLLECTIONS, INDEXES, OUTBOX
from chassis.store.port import Store, StoreSession
from chassis.store.shard_leases import RENEW_EVERY, ShardLeases
from chassis.tasks import jobs, runs, timers
from chassis.tasks.jobs import Jobs
from chassis.tasks.loops import Loop, end, until_available
from chassis.tasks.timers import Timers
from chassis.transaction.batch_processor import Effects
from chassis.transaction.commands import Commands
from chassis.transaction.unit_of_work import UnitOfWork

if TYPE_CHECKING:
    from chassis.consumer.delivery import Delivery

STUCK_SECONDS = 45.0
WORKERS = 2
JOBS_END_SECONDS = 10.0


class Process:
    """One running replica."""

    def __init__(self, plan: Plan, settings: ServiceSettings, store: Store, clock: Clock = utc_now) -> None:
        self.plan, self.settings, self.store, self.clock = plan, settings, store, clock
        self.metrics = Metrics(plan.name)
        self.crash = CrashPoints(settings.crash_at)
        self.tracer = tracer_of(plan.name, settings.instance, settings.otlp_endpoint)
        self.unit_of_work = UnitOfWork(
            plan.name,
            settings.slots,
            plan.reactions,
            self.metrics,
            self.crash,
            self._wake,
            clock,
            tracer=self.tracer,
        )
        self.commands = Commands(self.unit_of_work, self.metrics, clock)
        self.results = Commands.for_results(self.unit_of_work, self.metrics, clock)
        tokens = OidcTokens(issuer_of(settings), settings.audience, clock)
        self.context = ServiceContext(
            store, self.commands, clock, tokens, Rates(settings.rate, settings.burst)
        )
        self.shard_leases = ShardLeases(store, settings.instance, settings.slots)
        self.relay = Relay(
            plan.name,
            settings.connection,
            store,
            self.shard_leases,
            self.metrics,
            self.crash,
            clock,
            tracer=self.tracer,
        )
        self.gauge_readers = [
            GaugeReader(one, self.context, self.metrics.gauge(one.name, one.description, one.labels))
            for one in plan.gauges
        ]
        for counter in plan.counters:
            self.metrics.registry.register(counter)
        self.loops: dict[str, Loop] = {}
        self.waker = ChangeStreamWaker(store, self.shard_leases, self._look)
        self.delivery: Delivery | None = None
        self.jobs: Jobs | None = None
        self.timers: Timers | None = None
        self.dead_letters: DeadLetters | None = None
        self.servers = plan.servers_in(self.context)
        self.seeded = plan.seed is None
        self._tasks: list[asyncio.Task[None]] = []

    def _wake(self, effects: Effects, began: float) -> None:
        self.relay.outbox_scan.offer(effects.outbox, began)
        if self.jobs is not None:
            self.jobs.offer(effects.jobs.values(), began)
        written = {
            "relay": effects.outbox,
            "timers": self.timers is None or self.timers.is_soon(effects.timers.values()),
            "jobs": effects.jobs,
            "replays": effects.released,
        }
        for name, there in written.items():
            if there:
                self._wake_loop(name)

    def _wake_loop(self, name: str) -> None:
        if name in self.loops:
            self.loops[name].wake()

    def _look(self, name: str) -> None:
        """Somebody else may have committed something for this loop."""
        if name == "relay":
            self.relay.outbox_scan.look()
        elif name == "jobs" and self.jobs is not None:
            self.jobs.look()
        self._wake_loop(name)

    async def open_dead_letters(self) -> DeadLetters:
        """The dead-letter administration; needs no engine at start."""
        if self.dead_letters is None:
            self.dead_letters = await open_dead_letters(
                self.store, self.unit_of_work, self.shard_leases, self.clock, partial(self._look, "relay")
            )
        return self.dead_letters

    async def open(self) -> None:
        """Create the collections, then start everything that does not need Kafka."""
        patch_aiokafka()
        if missing := unread_codecs():
            log("codecs missing", level=40, cannot_read=missing)
        self._task(Watchdog(self.live, STUCK_SECONDS).run())
        commanded, resulted, timed, done = sessions = [await self.store.session() for _ in range(4)]
        await until_available(partial(self._prepare, sessions))
        self._task(self.commands.serve(commanded))
        self._task(self.results.serve(resulted))
        await self._loops(timed, done)
        self._task(self._seed())
        self._task(self._start_servers())
        if self.plan.subscribes:
            self._task(self._start_delivery())

    async def _prepare(self, sessions: Sequence[StoreSession]) -> None:
        names = [*COLLECTIONS, *(collection.name for collection in self.plan.collections)]
        indexes = [*INDEXES, *self.plan.indexes, *await former_indexes(self.store)]
        await self.store.ensure(names, indexes)
        await self.shard_leases.reclaim(sessions)

    async def _loops(self, timed: StoreSession, done: StoreSession) -> None:
        plan, store, shard_leases, clock = self.plan, self.store, self.shard_leases, self.clock
        fired = self.timers = Timers(store, shard_leases, self.unit_of_work, plan.reactions, clock, timed)
        dead_letters = await self.open_dead_letters()
        self.jobs = Jobs(
            store,
            shard_leases,
            self.results,
            plan.reactions,
            {**plan.workers, **plan.workers_in(self.context)},
            self.metrics,
            self.crash,
            clock,
            done,
            tracer=self.tracer,
        )
        steps = {
            "slots": (shard_leases.rebalance, RENEW_EVERY),
            "relay": (self.relay.sweep, 1.0),
            "timers": (fired.fire, timers.POLL_EVERY),
            "jobs": (self.jobs.start_due, jobs.POLL_EVERY),
            "replays": (dead_letters.replays.release, 2.0),
            "runs": (dead_letters.runs.look, runs.POLL_EVERY),
            "safety poll": (SafetyPoll(store, shard_leases, clock, self.loops, self._look).look, 1.0),
            "depths": (QueueGauges(store, self.metrics).update, 5.0),
        }
        steps |= {one.gauge.name: (one.update, EVERY) for one in self.gauge_readers}
        for name, kind in dead_letters.runs.kinds.items():
            steps[f"run {name}"] = (partial(dead_letters.runs.advance, kind), runs.REST)
        dead_letters.runs.woken = lambda kind: self._wake_loop(f"run {kind}")
        self.loops |= {
            name: Loop(name, step, partial(self._pace, name, every)) for name, (step, every) in steps.items()
        }
        self.jobs.done = self.loops["jobs"].wake
        for loop in self.loops.values():
            self._task(loop.run())
        self._task(self.waker.run())

    def _pace(self, name: str, every: float) -> float:
        """Loops are woken by commits, by the change stream and by the safety poll; without the stream they poll, and more often."""
        if self.shard_leases.members > 1 and not self.waker.listening:
            every = min(every, max(0.05, every / 5))
        elif name in safety_poll.LOOPS.values():
            every = safety_poll.REST
        if name == "relay":
            return self.relay.outbox_scan.pause(every)
        return every if name != "timers" or self.timers is None else self.timers.pause(every)

    async def _start_delivery(self) -> None:
        # Loads FastStream, in a thread: the door is open already, and the event loop serves it.
        await asyncio.to_thread(import_module, "chassis.consumer.delivery")
        from chassis.consumer.delivery import Delivery  # noqa: PLC0415

        settings, name = self.settings, self.plan.name
        claims = Claims(name, self.store, [await self.store.session() for _ in range(WORKERS)])
        self.delivery = Delivery(
            name,
            settings.connection,
            settings.instance,
            self.plan.subscribes,
            claims,
            self.unit_of_work,
            self.clock,
        )
        await until_available(self.delivery.start)
        watch = self.loops["watch"] = Loop("watch", self.delivery.watch, 1.0)
        await watch.run()

    async def _start_servers(self) -> None:
        for server in self.servers:
            await server.start()

    async def _seed(self) -> None:
        if self.plan.seed is not None:
            seed = self.plan.seed
            try:
                await until_available(lambda: seed(self.context))
            except Refused as refusal:
                log("seed refused", level=40, reason=str(refusal), field=refusal.field, fix=refusal.fix)
                raise
            self.seeded = True

    def _task(self, work: Any) -> None:
        self._tasks.append(asyncio.get_running_loop().create_task(work))

    def live(self) -> Mapping[str, Any]:
        """Alive while no loop is stuck and no task has failed."""
        now = time.monotonic()
        stuck = [name for name, loop in self.loops.items() if now - loop.beat > STUCK_SECONDS]
        if self.delivery is not None and self.delivery.is_stalled(STUCK_SECONDS):
            stuck.append("delivery")
        dead = [str(task.get_coro()) for task in self._tasks if task.done() and task.exception() is not None]
        return {"ok": not stuck and not dead, "stuck": stuck, "dead": dead}

    def ready(self) -> Mapping[str, Any]:
        """Ready when the HTTP API can serve; a paused consumer is ready and gives the reason."""
        reason = self.delivery.pause_reason if self.delivery else ""
        consuming = not self.plan.subscribes or (self.delivery is not None and bool(self.loops.get("watch")))
        return {
            "ok": bool(self.loops) and self.seeded,
            "consuming": consuming,
            "resting": reason,
            "stopped": self.delivery.stopped_partitions.describe() if self.delivery else [],
            "unread_codecs": unread_codecs(),
            "seeded": self.seeded,
        }

    def vitals(self) -> Vitals:
        """The vital signs of this process."""
        return vitals_of(self.settings.instance, self.metrics, self.live(), self.ready())

    async def close(self) -> None:
        """Finish work in progress, release what is held, and end."""
        for server in self.servers:
            await server.stop()
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
        for close in (*self.plan.closing, self.context.tokens.close):
            await close()
        if self.tracer is not None:
            await self.tracer.close()
        try:
            await self.shard_leases.release_all()
        except Unavailable as away:
            log("leases not released", level=30, reason=str(away))
        await self.store.close()

    async def _drain(self) -> None:
        while await self.store.count(OUTBOX, UNSENT):
            self.loops["relay"].wake()
            await asyncio.sleep(0.05)
