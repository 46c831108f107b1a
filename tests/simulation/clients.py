"""The clients of a world: they send commands, retry without an answer, and keep the answers."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from tests.simulation.services import RULE, ChangeRule, Light, OpenPage, SwitchOff, WriteLine, report_id

from chassis.transaction.inputs import Outcome, Result

if TYPE_CHECKING:
    from tests.simulation.world import World

LAST_SENT = 4.0


@dataclass
class Operation:
    """One command and its outcomes."""

    id: str
    body: Any
    key: str
    at: float
    patient: bool = True
    outcomes: list[Outcome] = field(default_factory=list)
    tampered: list[Outcome] = field(default_factory=list)
    given_up: bool = False

    @property
    def accepted(self) -> bool:
        """Whether a client was told that it is done."""
        return any(outcome.result in (Result.DONE, Result.IGNORED, Result.AGAIN) for outcome in self.outcomes)

    @property
    def refused(self) -> bool:
        """Whether a client was told that it is refused."""
        return any(outcome.result is Result.REFUSED for outcome in self.outcomes)

    def answers(self) -> list[Mapping[str, Any] | None]:
        """The answers, in order."""
        return [outcome.answer for outcome in self.outcomes if outcome.result is not Result.REFUSED]


class Clients:
    """All clients of front."""

    def __init__(self, world: "World") -> None:
        self._world = world
        self._rng = world.chance.rng
        self.operations: list[Operation] = []
        self._generate()

    def _generate(self) -> None:
        rng = self._rng
        subjects = [report_id(number) for number in range(rng.randint(2, 4))]
        for subject in subjects:
            self._add(OpenPage(subject), subject, rng.random() * 2.5)
        pairs = [(f"{pair}/one", f"{pair}/two") for pair in range(3)]
        self._add(Light(tuple(lamp for pair in pairs for lamp in pair)), "lamps", 0.0)
        for one, two in pairs:
            at = 1 + rng.random() * 3
            for mine, other in ((one, two), (two, one)):
                self._add(SwitchOff(mine, other), mine, at + rng.random() * 0.01)
        with_timer: list[WriteLine] = []
        for number in range(rng.randint(5, 12)):
            self._add_line(rng.choice(subjects), f"l{number}", with_timer)
        for _ in range(rng.randint(0, 3)):
            self._add(ChangeRule(RULE), RULE, rng.random() * LAST_SENT)

    def _add_line(self, subject: str, line: str, with_timer: list[WriteLine]) -> None:
        rng = self._rng
        mine = [one for one in with_timer if one.report_id == subject]
        replaced = rng.choice(mine) if mine and rng.random() < 0.4 else None
        if replaced is not None:
            with_timer.remove(replaced)
        seconds = rng.randint(1, 5) if rng.random() < 0.3 else 0
        other = replaced.line if replaced else ""
        print_, move = rng.random() < 0.25, other if seconds else ""
        body = WriteLine(subject, line, seconds, print_, "" if move else other, move)
        if seconds and not move:
            with_timer.append(body)
        self._add(body, subject, rng.random() * LAST_SENT, patient=rng.random() < 0.8)

    def _add(self, body: Any, key: str, at: float, patient: bool = True) -> None:
        self.operations.append(Operation(f"wish-{len(self.operations)}", body, key, at, patient))

    def finished(self) -> bool:
        """Whether every operation is answered or given up."""
        return all(operation.outcomes or operation.given_up for operation in self.operations)

    async def run(self) -> None:
        """Run every operation."""
        await asyncio.gather(*(self._ask(operation) for operation in self.operations))

    async def _ask(self, operation: Operation) -> None:
        await asyncio.sleep(operation.at)
        while not operation.outcomes:
            await self._send_once(operation)
            if not operation.patient and not operation.outcomes:
                operation.given_up = True
                return
            if operation.outcomes and self._rng.random() > 0.2:
                return
            await asyncio.sleep(0.2 + self._rng.random())
        await self._send_once(operation)
        if operation.accepted and isinstance(operation.body, WriteLine):
            await self._tamper(operation, replace(operation.body, line=f"{operation.body.line}x"))

    async def _send_once(self, operation: Operation) -> None:
        outcome = await self._send_to_any(operation, operation.body)
        if outcome is not None:
            operation.outcomes.append(outcome)

    async def _tamper(self, operation: Operation, other: Any) -> None:
        """Send another body under the id of an accepted command."""
        outcome = await self._send_to_any(operation, other)
        if outcome is not None:
            self._world.chance.happened["another body under a known id"] += 1
            operation.tampered.append(outcome)

    async def _send_to_any(self, operation: Operation, body: Any) -> Outcome | None:
        serving = [node for node in self._world.living("front") if node.serving]
        if not serving:
            return None
        return await self._world.ask(self._rng.choice(serving), body, operation.id, operation.key)
