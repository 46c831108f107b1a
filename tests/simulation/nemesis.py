"""The nemesis: injects faults for a while, then repairs everything."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from typing import TYPE_CHECKING, Any

from tests.simulation.log import PARTITIONS
from tests.simulation.operators import Operators
from tests.simulation.services import (
    BROKEN,
    CASES,
    FACTS,
    HUGE,
    MESSAGES,
    POISON,
    START,
    SUBSCRIBES,
    report_id,
)

from chassis.ids import derive
from chassis.observe.crash_points import POINTS
from contracts.envelope import Envelope
from contracts.routing import CaseResolved

if TYPE_CHECKING:
    from tests.simulation.node import Node
    from tests.simulation.world import World

MOST_NODES = 3
# weighted towards the points between writing and committing, where the fence matters
CRASHES = (*POINTS, "turn.open", "turn.open", "delivery.committed", "relay.sent")


class Nemesis:
    """The faults of one world, chosen by its seed."""

    def __init__(self, world: "World") -> None:
        self._world, self._rng, self._loop = world, world.chance.rng, world.loop
        self._operators = Operators(world)
        self._names = 0
        self._tasks: list[asyncio.Task[None]] = []
        self._kinds: list[Callable[[], Coroutine[Any, Any, None]]] = [
            self.kill,
            self.kill,
            self.kill,
            self.stall,
            self.stall,
            self.restart,
            self.add_process,
            self.rebalance,
            self.database_down,
            self.broker_down,
            self.copies,
            self.copies,
            self.poison,
            self.poison,
            self.bug,
            self.gap,
            self.disk_lost,
            self.publish_unknown_type,
        ]

    @property
    def done(self) -> bool:
        """Whether everything is repaired."""
        return all(task.done() for task in self._tasks)

    def failures(self) -> list[str]:
        """Errors of the nemesis itself."""
        return [
            repr(task.exception()) for task in self._tasks if task.done() and task.exception() is not None
        ]

    async def run(self, until: float) -> None:
        """Inject faults until then; repairs end then or soon after."""
        for _ in range(self._rng.randint(3, 10)):
            at = 0.2 + self._rng.random() * (until - 1)
            self._tasks.append(self._loop.create_task(self._run_at(at, self._rng.choice(self._kinds))))
        await asyncio.sleep(until)
        for node in self._world.nodes:
            node.proc.steps_left, node.crash.wanted = None, ""
        for service in SUBSCRIBES:
            if not self._world.living(service):
                self._start(service)
        self._tasks.append(self._loop.create_task(self._recover(list(self._tasks))))

    async def _recover(self, fault: Sequence[asyncio.Task[None]]) -> None:
        await asyncio.gather(*fault)
        await self._operators.recover()

    async def _run_at(self, at: float, fault: Callable[[], Coroutine[Any, Any, None]]) -> None:
        await asyncio.sleep(at)
        await fault()

    def _victim(self) -> "Node | None":
        there = [node for node in self._world.living() if not node.proc.stopped and not node.closing]
        return self._rng.choice(there) if there else None

    def _start(self, service: str, instance: str = "") -> None:
        self._names += 1
        self._world.start(service, instance or f"{service}-new-{self._names}")

    async def kill(self) -> None:
        """kill -9 now or after some more steps, and a restart after a while."""
        node = self._victim()
        if node is None:
            return
        where = await self._interrupt(node)
        self._loop.kill(node.proc)
        self._world.note(f"{node.instance} is killed {where}", f"killed {where}")
        await asyncio.sleep(self._rng.choice((0.05, 1.0, 9.0)) * self._rng.random())
        self._start(node.service, node.instance if self._rng.random() < 0.6 else "")

    async def _interrupt(self, node: "Node") -> str:
        """Stop a process now, after some more steps or at a crash point; return where."""
        toss = self._rng.random()
        if toss < 0.25:
            return "at once"
        struck = asyncio.Event()

        def on_zero() -> None:
            self._loop.stop_process(node.proc)
            struck.set()

        where = "after some steps"
        node.proc.on_zero = on_zero
        if toss < 0.6:
            node.proc.steps_left = self._rng.randint(1, 300)
        else:
            node.crash.wanted = self._rng.choice(CRASHES)
            where = f"at {node.crash.wanted}"
        try:
            await asyncio.wait_for(struck.wait(), 3.0)
        except TimeoutError:
            node.proc.steps_left, node.crash.wanted = None, ""
            return "at once"
        return where

    async def stall(self) -> None:
        """SIGSTOP for a while; others take over meanwhile, possibly under the same instance id."""
        node = self._victim()
        if node is None:
            return
        where = await self._interrupt(node)
        self._loop.stop_process(node.proc)
        self._world.note(f"{node.instance} stalls {where}", f"stalled {where}")
        await asyncio.sleep(self._rng.choice((0.5, 5.0, 16.0)) * self._rng.random())
        self._loop.continue_process(node.proc)
        self._world.note(f"{node.instance} resumes")

    async def restart(self) -> None:
        """A graceful restart, as in a deployment."""
        node = self._victim()
        if node is None:
            return
        node.closing = True
        self._world.note(f"{node.instance} is asked to stop", "restarted")
        closing = self._loop.spawn(node.proc, node.close())
        await asyncio.wait({closing}, timeout=10.0)
        self._loop.kill(node.proc)
        self._start(node.service, node.instance)

    async def add_process(self) -> None:
        """Add a process."""
        service = self._rng.choice(sorted(SUBSCRIBES))
        if len(self._world.living(service)) < MOST_NODES:
            self._start(service)

    async def rebalance(self) -> None:
        """Rebalance a group several times."""
        group = self._world.groups[self._rng.choice(sorted(SUBSCRIBES))]
        self._world.note("rebalances", "rebalanced")
        for _ in range(self._rng.randint(1, 5)):
            group.rebalance()
            await asyncio.sleep(self._rng.random() * 2)

    async def database_down(self) -> None:
        """One database is unavailable for a while."""
        store = self._world.stores[self._rng.choice(sorted(SUBSCRIBES))]
        store.down = True
        self._world.note("a database is down", "database down")
        await asyncio.sleep(self._rng.random() * 5)
        store.down = False

    async def broker_down(self) -> None:
        """The broker is unavailable for a while."""
        self._world.log.down = True
        self._world.note("the broker is down", "broker down")
        await asyncio.sleep(self._rng.random() * 6)
        self._world.log.down = False
        self._world.log.wake()

    async def copies(self) -> None:
        """Earlier records are on the topic again, in order per subject."""
        log = self._world.log
        name, partition = self._rng.choice(FACTS), self._rng.randrange(PARTITIONS)
        rows = log.topics[name].partitions[partition]
        if rows:
            start = self._rng.randrange(len(rows))
            again = [(row.key, row.value, row.timestamp, row.headers) for row in rows[start : start + 5]]
            self._world.note(f"{len(again)} copies on {name}/{partition}", "copies")
            log.append(name, partition, again)

    async def poison(self) -> None:
        """Publish records that nothing can decode or no store can keep; operators may discard them."""
        name = self._rng.choice(FACTS)
        row = (f"{POISON}-{self._rng.randrange(2)}".encode(), b"{", 0, [("ce_id", b"p")])
        self._world.log.append(name, self._rng.randrange(PARTITIONS), [row] * self._rng.randint(1, 3))
        self._world.note(f"poison on {name}", "poison")
        if self._rng.random() < 0.5:
            self._publish(f"{HUGE}-0000-7000-8000-{self._rng.randrange(2):012d}", CaseResolved.type_tag)
            self._world.note(f"what no store can keep on {CASES}", "what no store can keep")
        for _ in range(self._rng.randrange(4)):
            await asyncio.sleep(self._rng.random())
            await self._operators.discard("front" if name == MESSAGES else "back")

    async def publish_unknown_type(self) -> None:
        """Publish a type that no service here knows, as a newer release would."""
        self._publish(report_id(self._rng.randrange(4)), "case-forgotten.v9")
        self._world.note(f"an unknown type on {CASES}", "unknown type")

    def _publish(self, subject: str, type_tag: str) -> None:
        fact = CaseResolved(report_id=subject, outcome="none")
        name = derive("nemesis", str(self._rng.getrandbits(64)))
        envelope = Envelope(name, type_tag, "/elsewhere", subject, START, 1, subject)
        row = (subject.encode(), fact.body(), 0, envelope.headers())
        self._world.log.append(CASES, self._rng.randrange(PARTITIONS), [row])

    async def disk_lost(self) -> None:
        """The broker loses its disk, up to three times, and returns with empty topics.

        An operator republishes the facts afterwards.
        """
        log = self._world.log
        for _ in range(self._rng.choice((1, 2, 3))):
            log.down = True
            self._world.note("the broker loses its disk", "disk lost")
            await asyncio.sleep(self._rng.random() * 2)
            log.lose_disk()
            for group in self._world.groups.values():
                group.committed.clear()
            log.down = False
            log.wake()
            await asyncio.sleep(self._rng.random() * 2)

    async def gap(self) -> None:
        """A gap in the offsets, as compaction and transactions leave it."""
        name = self._rng.choice(FACTS)
        self._world.note(f"a gap on {name}", "gap")
        self._world.log.topics[name].ends[self._rng.randrange(PARTITIONS)] += self._rng.randint(1, 4)

    async def bug(self) -> None:
        """A bad release of back fails on some lines until it is fixed and an operator replays what was parked."""
        lines = {f"l{self._rng.randrange(16)}" for _ in range(6)}
        BROKEN.update(lines)
        self._world.note(f"{CASES}: {sorted(lines)} fail in back", "bad release")
        await asyncio.sleep(1 + self._rng.random() * 5)
        BROKEN.difference_update(lines)
        if self._rng.random() < 0.5 and not BROKEN:
            await self._operators.replay_all()
