"""The people of a world: they ask for things, ask again when nobody answers, and remember what they were told."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from tests.simulation.services import Light, OpenPage, TurnOff, WriteLine, report_id

from chassis.transaction.inputs import Outcome, Result

if TYPE_CHECKING:
    from tests.simulation.world import World

LAST_ASKED = 4.0


@dataclass
class Wish:
    """One command somebody wants done, and what became of it."""

    id: str
    body: Any
    key: str
    at: float
    patient: bool = True
    outcomes: list[Outcome] = field(default_factory=list)
    meddled: list[Outcome] = field(default_factory=list)
    given_up: bool = False

    @property
    def accepted(self) -> bool:
        """Whether somebody was told that it is done."""
        return any(outcome.result in (Result.DONE, Result.IGNORED, Result.AGAIN) for outcome in self.outcomes)

    @property
    def refused(self) -> bool:
        """Whether somebody was told no."""
        return any(outcome.result is Result.REFUSED for outcome in self.outcomes)

    def answers(self) -> list[Mapping[str, Any] | None]:
        """What was answered, each time."""
        return [outcome.answer for outcome in self.outcomes if outcome.result is not Result.REFUSED]


class People:
    """Everybody who asks something of front."""

    def __init__(self, world: "World") -> None:
        self._world = world
        self._rng = world.chance.rng
        self.wishes: list[Wish] = []
        self._invent()

    def _invent(self) -> None:
        rng = self._rng
        subjects = [report_id(number) for number in range(rng.randint(2, 4))]
        for subject in subjects:
            self._wish(OpenPage(subject), subject, rng.random() * 2.5)
        pairs = [(f"{pair}/one", f"{pair}/two") for pair in range(3)]
        self._wish(Light(tuple(lamp for pair in pairs for lamp in pair)), "lamps", 0.0)
        for one, two in pairs:
            at = 1 + rng.random() * 3
            for mine, other in ((one, two), (two, one)):
                self._wish(TurnOff(mine, other), mine, at + rng.random() * 0.01)
        reminded: list[WriteLine] = []
        for number in range(rng.randint(5, 12)):
            self._wish_line(rng.choice(subjects), f"l{number}", reminded)

    def _wish_line(self, subject: str, line: str, reminded: list[WriteLine]) -> None:
        rng = self._rng
        mine = [one for one in reminded if one.report_id == subject]
        replaced = rng.choice(mine) if mine and rng.random() < 0.4 else None
        if replaced is not None:
            reminded.remove(replaced)
        seconds = rng.randint(1, 5) if rng.random() < 0.3 else 0
        other = replaced.line if replaced else ""
        print_, move = rng.random() < 0.25, other if seconds else ""
        body = WriteLine(subject, line, seconds, print_, "" if move else other, move)
        if seconds and not move:
            reminded.append(body)
        self._wish(body, subject, rng.random() * LAST_ASKED, patient=rng.random() < 0.8)

    def _wish(self, body: Any, key: str, at: float, patient: bool = True) -> None:
        self.wishes.append(Wish(f"wish-{len(self.wishes)}", body, key, at, patient))

    def content(self) -> bool:
        """Whether everybody has an answer or has given up."""
        return all(wish.outcomes or wish.given_up for wish in self.wishes)

    async def live(self) -> None:
        """Ask for everything."""
        await asyncio.gather(*(self._ask(wish) for wish in self.wishes))

    async def _ask(self, wish: Wish) -> None:
        await asyncio.sleep(wish.at)
        while not wish.outcomes:
            await self._once(wish)
            if not wish.patient and not wish.outcomes:
                wish.given_up = True
                return
            if wish.outcomes and self._rng.random() > 0.2:
                return
            await asyncio.sleep(0.2 + self._rng.random())
        await self._once(wish)
        if wish.accepted and isinstance(wish.body, WriteLine):
            await self._meddle(wish, replace(wish.body, line=f"{wish.body.line}x"))

    async def _once(self, wish: Wish) -> None:
        outcome = await self._ask_somebody(wish, wish.body)
        if outcome is not None:
            wish.outcomes.append(outcome)

    async def _meddle(self, wish: Wish, other: Any) -> None:
        """Send something else under the id of what was accepted."""
        outcome = await self._ask_somebody(wish, other)
        if outcome is not None:
            self._world.chance.happened["another body under a known id"] += 1
            wish.meddled.append(outcome)

    async def _ask_somebody(self, wish: Wish, body: Any) -> Outcome | None:
        serving = [node for node in self._world.living("front") if node.serving]
        if not serving:
            return None
        return await self._world.ask(self._rng.choice(serving), body, wish.id, wish.key)
