"""One world of one seed: services, a store and a broker, clients, faults, and a quiet time at the end."""

import asyncio
import logging
import random
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from tests.simulation.chance import Chance
from tests.simulation.checker import violations
from tests.simulation.clients import Clients
from tests.simulation.controls import parts_of
from tests.simulation.group import SimGroup
from tests.simulation.log import PARTITIONS, SimLog
from tests.simulation.loop import SimLoop, Stuck
from tests.simulation.nemesis import Nemesis
from tests.simulation.node import Node
from tests.simulation.services import BROKEN, CASES, MESSAGES, REPORTS, SUBSCRIBES, is_poison
from tests.simulation.store import SimStore

from chassis.store.collections import JOBS, OUTBOX, PARKED_KEYS, RUNS, TIMERS
from chassis.tasks.run import OPEN
from chassis.transaction.inputs import Outcome

CALM_AT = 6.0  # seconds of virtual time with faults
PATIENCE = 150.0  # seconds of virtual time after which unfinished work counts as stuck
MOST_STEPS = 150_000


@dataclass
class World:
    """The parts of one world; processes come and go, stores and the broker stay."""

    chance: Chance
    control: str
    log: SimLog = field(init=False)
    stores: dict[str, SimStore] = field(default_factory=dict)
    groups: dict[str, SimGroup] = field(default_factory=dict)
    nodes: list[Node] = field(default_factory=list)
    clients: Clients = field(init=False)
    history: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, SimLoop)
        self.loop = loop
        self.parts = parts_of(self.control)
        self.log = SimLog(self.chance, (REPORTS, CASES, MESSAGES))
        for service, subscribes in SUBSCRIBES.items():
            self.stores[service] = self.parts.store(self.chance, self.log.end_of)
            self.groups[service] = SimGroup(self.log, subscribes)
        self.clients = Clients(self)

    def note(self, text: str, kind: str = "") -> None:
        """Add a line to the history, and count it under its kind."""
        self.history.append(f"{self.loop.time():7.3f}  {text}")
        if kind:
            self.chance.happened[kind] += 1

    def start(self, service: str, instance: str) -> Node:
        """Start a process."""
        self.note(f"{instance} starts", "a process starts")
        node = Node(service, instance, self.stores[service], self.log, self.groups[service], self.parts)
        self.nodes.append(node)
        return node

    def living(self, service: str = "") -> list[Node]:
        """The processes that are not dead, stopped ones included."""
        return [node for node in self.nodes if node.proc.alive and service in ("", node.service)]

    async def ask(self, node: Node, body: object, id_: str, key: str) -> Outcome | None:
        """Ask a process to run a command; None without an answer."""
        answer: asyncio.Future[asyncio.Task[Outcome]] = self.loop.create_future()
        node.ask(body, id_, key, lambda task: None if answer.done() else answer.set_result(task))
        try:
            task = await asyncio.wait_for(answer, 4.0)
        except TimeoutError:
            return None
        if task.cancelled() or task.exception() is not None or self.chance.hits("answer lost"):
            return None
        return task.result()

    async def run(self) -> list[str]:
        """Run the world; return its violations."""
        for service in SUBSCRIBES:
            for number in range(self.chance.rng.randint(1, 2)):
                self.start(service, f"{service}-{number}")
        nemesis = Nemesis(self)
        clients = self.loop.create_task(self.clients.run())
        await nemesis.run(CALM_AT)
        self.chance.calm = True
        self.note("calm")
        end = self.loop.time() + PATIENCE
        while not (clients.done() and nemesis.done and self.quiet()):
            if self.loop.time() > end:
                return [*self.leftovers(), *violations(self)] or ["the world never became quiet"]
            await asyncio.sleep(0.5)
        await clients
        return [*nemesis.failures(), *violations(self)]

    def quiet(self) -> bool:
        """Whether no work is pending."""
        return next(self.leftovers(), None) is None

    def leftovers(self) -> Iterator[str]:
        """Work that is still pending."""
        if not self.clients.finished():
            yield "an operation was never answered"
        for service, store in self.stores.items():
            rows = [(name, row) for name in (OUTBOX, TIMERS, JOBS) for row in store.all(name)]
            yield from (
                f"{service}: {row['_id']} is left in {name}" for name, row in rows if "sent_at" not in row
            )
            for row in store.all(PARKED_KEYS):
                if row["size"] and not is_poison(row["key"].encode()):
                    yield f"{service}: {row['_id']} stays parked"
            for row in store.all(RUNS):
                if row["state"] in OPEN:
                    yield f"{service}: run {row['_id']} stays {row['state']}"
            yield from self._unread(service, store)

    def _unread(self, service: str, store: SimStore) -> Iterator[str]:
        for name in SUBSCRIBES[service]:
            topic = self.log.topics[name]
            for partition in range(PARTITIONS):
                name_or_id = getattr(topic, self.parts.fenced_as)
                fence = store.at(("fences", f"{service}|{name_or_id}|{partition}"), store.now)
                records = topic.partitions[partition]
                end = records[-1].offset + 1 if records else 0
                if end and (fence is None or fence["next"] < end):
                    yield f"{service}: {name}/{partition} was handled up to {fence and fence['next']} of {end}"

    def release(self) -> None:
        """Clear everything, to leave little to the garbage collector."""
        nodes = list(self.nodes)
        for part in (*self.stores.values(), *self.groups.values(), self.log, self.loop):
            for value in vars(part).values():
                if isinstance(value, list | dict | set):
                    value.clear()
        for node in nodes:
            vars(node).clear()
        self.nodes.clear()


@dataclass
class Verdict:
    """The result of one world."""

    seed: int
    wrong: list[str]
    history: list[str]
    steps: int
    seconds: float
    rates: dict[str, float]
    happened: Counter[str]


def simulate(seed: int, control: str = "") -> Verdict:
    """Run one world; the same seed gives the same world."""
    random.seed(seed)
    BROKEN.clear()
    chance = Chance(seed)
    loop = SimLoop(chance.rng, MOST_STEPS)
    made: list[World] = []

    async def live() -> list[str]:
        made.append(World(chance, control))
        return await made[0].run()

    with _quietly():
        asyncio.set_event_loop(loop)
        try:
            wrong = loop.run_until_complete(live())
        except Stuck as stuck:
            wrong = [str(stuck)]
        finally:
            loop.end_world()
            asyncio.set_event_loop(None)
    verdict = Verdict(seed, wrong, made[0].history, loop.steps, loop.time(), chance.rates, chance.happened)
    made[0].release()
    return verdict


@contextmanager
def _quietly() -> Iterator[None]:
    """Disable the runtime's log."""
    logger = logging.getLogger("ascolto")
    before, logger.disabled = logger.disabled, True
    try:
        yield
    finally:
        logger.disabled = before
