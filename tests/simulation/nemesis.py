"""The nemesis: it kills, stalls, cuts off, copies and misleads for a while, then mends everything it broke."""

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
# what every turn passes most often: the fence's reason to be is what happens between writing and committing
CRASHES = (*POINTS, "turn.open", "turn.open", "delivery.committed", "relay.sent")


class Nemesis:
    """Troubles of one world, drawn by its seed."""

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
            self.grow,
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
            self.strange,
        ]

    @property
    def done(self) -> bool:
        """Whether everything is mended."""
        return all(task.done() for task in self._tasks)

    def failures(self) -> list[str]:
        """What went wrong with the nemesis itself."""
        return [
            repr(task.exception()) for task in self._tasks if task.done() and task.exception() is not None
        ]

    async def rage(self, until: float) -> None:
        """Do harm until then; what is broken is mended by then or soon after."""
        for _ in range(self._rng.randint(3, 10)):
            at = 0.2 + self._rng.random() * (until - 1)
            self._tasks.append(self._loop.create_task(self._strike(at, self._rng.choice(self._kinds))))
        await asyncio.sleep(until)
        for node in self._world.nodes:
            node.proc.fuse, node.crash.wanted = None, ""
        for service in SUBSCRIBES:
            if not self._world.living(service):
                self._start(service)
        self._tasks.append(self._loop.create_task(self._mend(list(self._tasks))))

    async def _mend(self, harm: Sequence[asyncio.Task[None]]) -> None:
        await asyncio.gather(*harm)
        await self._operators.mend()

    async def _strike(self, at: float, harm: Callable[[], Coroutine[Any, Any, None]]) -> None:
        await asyncio.sleep(at)
        await harm()

    def _victim(self) -> "Node | None":
        there = [node for node in self._world.living() if not node.proc.stopped and not node.closing]
        return self._rng.choice(there) if there else None

    def _start(self, service: str, instance: str = "") -> None:
        self._names += 1
        self._world.start(service, instance or f"{service}-new-{self._names}")

    async def kill(self) -> None:
        """kill -9, at once or after some more of its steps, and a restart after a while."""
        node = self._victim()
        if node is None:
            return
        where = await self._struck(node)
        self._loop.kill(node.proc)
        self._world.tell(f"{node.instance} is killed {where}", f"killed {where}")
        await asyncio.sleep(self._rng.choice((0.05, 1.0, 9.0)) * self._rng.random())
        self._start(node.service, node.instance if self._rng.random() < 0.6 else "")

    async def _struck(self, node: "Node") -> str:
        """Stop a process at once, after some more of its steps or at a named point; says where."""
        toss = self._rng.random()
        if toss < 0.25:
            return "at once"
        struck = asyncio.Event()

        def blown() -> None:
            self._loop.stop_process(node.proc)
            struck.set()

        where = "after some steps"
        node.proc.blown = blown
        if toss < 0.6:
            node.proc.fuse = self._rng.randint(1, 300)
        else:
            node.crash.wanted = self._rng.choice(CRASHES)
            where = f"at {node.crash.wanted}"
        try:
            await asyncio.wait_for(struck.wait(), 3.0)
        except TimeoutError:
            node.proc.fuse, node.crash.wanted = None, ""
            return "at once"
        return where

    async def stall(self) -> None:
        """SIGSTOP for a while; meanwhile others take over, perhaps under its own name."""
        node = self._victim()
        if node is None:
            return
        where = await self._struck(node)
        self._loop.stop_process(node.proc)
        self._world.tell(f"{node.instance} stalls {where}", f"stalled {where}")
        await asyncio.sleep(self._rng.choice((0.5, 5.0, 16.0)) * self._rng.random())
        self._loop.continue_process(node.proc)
        self._world.tell(f"{node.instance} goes on")

    async def restart(self) -> None:
        """A restart as a deployment does it: told to stop, and started again."""
        node = self._victim()
        if node is None:
            return
        node.closing = True
        self._world.tell(f"{node.instance} is told to stop", "restarted")
        closing = self._loop.spawn(node.proc, node.close())
        await asyncio.wait({closing}, timeout=10.0)
        self._loop.kill(node.proc)
        self._start(node.service, node.instance)

    async def grow(self) -> None:
        """One process more."""
        service = self._rng.choice(sorted(SUBSCRIBES))
        if len(self._world.living(service)) < MOST_NODES:
            self._start(service)

    async def rebalance(self) -> None:
        """The partitions are shared anew, several times."""
        group = self._world.groups[self._rng.choice(sorted(SUBSCRIBES))]
        self._world.tell("rebalances", "rebalanced")
        for _ in range(self._rng.randint(1, 5)):
            group.rebalance()
            await asyncio.sleep(self._rng.random() * 2)

    async def database_down(self) -> None:
        """A database answers nobody."""
        store = self._world.stores[self._rng.choice(sorted(SUBSCRIBES))]
        store.down = True
        self._world.tell("a database is down", "database down")
        await asyncio.sleep(self._rng.random() * 5)
        store.down = False

    async def broker_down(self) -> None:
        """The broker answers nobody."""
        self._world.log.down = True
        self._world.tell("the broker is down", "broker down")
        await asyncio.sleep(self._rng.random() * 6)
        self._world.log.down = False
        self._world.log.wake()

    async def copies(self) -> None:
        """Records that were there before are on the topic again, each subject's in their order."""
        log = self._world.log
        name, partition = self._rng.choice(FACTS), self._rng.randrange(PARTITIONS)
        rows = log.topics[name].partitions[partition]
        if rows:
            start = self._rng.randrange(len(rows))
            again = [(row.key, row.value, row.timestamp, row.headers) for row in rows[start : start + 5]]
            self._world.tell(f"{len(again)} copies on {name}/{partition}", "copies")
            log.append(name, partition, again)

    async def poison(self) -> None:
        """Somebody publishes what nobody can read, or what no store can keep; an operator may give it up."""
        name = self._rng.choice(FACTS)
        row = (f"{POISON}-{self._rng.randrange(2)}".encode(), b"{", 0, [("ce_id", b"p")])
        self._world.log.append(name, self._rng.randrange(PARTITIONS), [row] * self._rng.randint(1, 3))
        self._world.tell(f"poison on {name}", "poison")
        if self._rng.random() < 0.5:
            self._publish(f"{HUGE}-0000-7000-8000-{self._rng.randrange(2):012d}", CaseResolved.type_tag)
            self._world.tell(f"what no store can keep on {CASES}", "what no store can keep")
        for _ in range(self._rng.randrange(4)):
            await asyncio.sleep(self._rng.random())
            await self._operators.discard("front" if name == MESSAGES else "back")

    async def strange(self) -> None:
        """A newer release of somebody publishes what nobody here has heard of."""
        self._publish(report_id(self._rng.randrange(4)), "case-forgotten.v9")
        self._world.tell(f"an unknown type on {CASES}", "unknown type")

    def _publish(self, subject: str, type_tag: str) -> None:
        fact = CaseResolved(report_id=subject, outcome="none")
        name = derive("nemesis", str(self._rng.getrandbits(64)))
        envelope = Envelope(name, type_tag, "/elsewhere", subject, START, 1, subject)
        row = (subject.encode(), fact.body(), 0, envelope.headers())
        self._world.log.append(CASES, self._rng.randrange(PARTITIONS), [row])

    async def disk_lost(self) -> None:
        """The broker loses its disk, perhaps once more soon after, and comes back with empty topics.

        What was on it is said again when all is calm.
        """
        log = self._world.log
        for _ in range(self._rng.choice((1, 2, 3))):
            log.down = True
            self._world.tell("the broker loses its disk", "disk lost")
            await asyncio.sleep(self._rng.random() * 2)
            log.lose_disk()
            for group in self._world.groups.values():
                group.committed.clear()
            log.down = False
            log.wake()
            await asyncio.sleep(self._rng.random() * 2)

    async def gap(self) -> None:
        """Offsets that were never given out, as compaction and transactions leave them."""
        name = self._rng.choice(FACTS)
        self._world.tell(f"a gap on {name}", "gap")
        self._world.log.topics[name].ends[self._rng.randrange(PARTITIONS)] += self._rng.randint(1, 4)

    async def bug(self) -> None:
        """A bad release of back fails at some lines, until it is mended and an operator replays what was parked."""
        lines = {f"l{self._rng.randrange(16)}" for _ in range(6)}
        BROKEN.update(lines)
        self._world.tell(f"{CASES}: {sorted(lines)} break back", "bad release")
        await asyncio.sleep(1 + self._rng.random() * 5)
        BROKEN.difference_update(lines)
        if self._rng.random() < 0.5 and not BROKEN:
            await self._operators.replay_all()
