"""The operators of a world: they replay or discard parked keys, and republish facts."""

import asyncio
from collections.abc import Callable, Coroutine
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from tests.simulation.services import BROKEN, START, SUBSCRIBES, is_poison

from chassis.errors import Conflict, Refused, Unavailable
from chassis.parking.dead_letters import DeadLetters
from chassis.store.collections import PARKED_KEYS, RUNS
from chassis.tasks.run import Run
from chassis.transaction.inputs import Result

if TYPE_CHECKING:
    from tests.simulation.world import World

SETTLED_SECONDS = 4.0  # after this time nothing that began during the faults is in flight
NOBODY = object()
BEFORE = START - timedelta(minutes=1)  # clocks differ


class Operators:
    """Operators of the system; they retry without an answer."""

    def __init__(self, world: "World") -> None:
        self._world, self._rng, self._loop = world, world.chance.rng, world.loop

    async def recover(self) -> None:
        """Repair what the faults left behind."""
        await asyncio.sleep(SETTLED_SECONDS)  # what a bad release failed on may not be parked yet
        await self.replay_all()
        await self._follow(
            "back", "replay", lambda dead_letters, name: dead_letters.replay("anna", run_id=name)
        )
        if self._world.log.gone:
            for service in SUBSCRIBES:
                await self._republish(service)

    async def replay_all(self) -> None:
        """Replay every parked key of back once."""
        todo = {
            row["_id"]
            for row in self._world.stores["back"].all(PARKED_KEYS)
            if row["size"] and not is_poison(row["key"].encode())
        }
        while todo:
            name = self._rng.choice(sorted(todo))
            if await self._replay(name) or BROKEN:
                todo.discard(name)
            else:
                await asyncio.sleep(0.5)

    async def discard(self, service: str) -> None:
        """Discard one undecodable key, once and without checking the result."""
        heads = [row for row in self._world.stores[service].all(PARKED_KEYS) if row["size"]]
        names = sorted(row["_id"] for row in heads if is_poison(row["key"].encode()))
        if names:
            name = self._rng.choice(names)
            found = await self._ask(
                service, lambda dead_letters: dead_letters.discard("anna", "unreadable", name)
            )
            if found is not NOBODY:
                self._world.note(f"an operator discards {name}", "discarded")

    async def _replay(self, head: str) -> bool:
        outcomes = await self._ask("back", lambda dead_letters: dead_letters.replays.replay(head))
        if outcomes is NOBODY:
            return False
        results = [outcome.result for outcome in outcomes]
        self._world.note(f"an operator replays {head}: {[one.value for one in results]}", "replayed")
        return not results or results[-1] is not Result.FAILED

    async def _republish(self, service: str) -> None:
        counts = await self._follow(
            service, "republish", lambda dead_letters, name: dead_letters.republish("anna", BEFORE, name)
        )
        self._world.note(f"an operator republishes facts of {service}: {counts}", "republished")

    async def _follow(
        self, service: str, kind: str, start: Callable[[DeadLetters, str], Coroutine[Any, Any, Run]]
    ) -> dict[str, int]:
        """Start a run, retrying under the same id, and wait for its end; return its counts."""
        name = f"{kind} of {service}"
        while await self._ask(service, lambda dead_letters: start(dead_letters, name)) is NOBODY:
            await asyncio.sleep(0.5)
        while (row := self._world.stores[service].latest[RUNS][name])["state"] in ("waiting", "running"):
            await asyncio.sleep(0.5)
        counts: dict[str, int] = row["counts"]
        return counts

    async def _ask(self, service: str, work: Callable[[DeadLetters], Coroutine[Any, Any, Any]]) -> Any:
        """The answer of an operation; NOBODY without an answer, whether or not it was done."""
        there = [node for node in self._world.living(service) if node.dead_letters is not None]
        if not there:
            return NOBODY
        node = self._rng.choice(there)
        assert node.dead_letters is not None
        task = self._loop.spawn(node.proc, work(node.dead_letters))
        await asyncio.wait({task}, timeout=5.0)
        lost = not task.done() or task.cancelled()
        return (
            NOBODY
            if lost or isinstance(task.exception(), Unavailable | Conflict | Refused)
            else task.result()
        )
