"""Search the register of places; its index is built once for each version."""

import asyncio

from intake.app.registers import Registers
from intake.domain.place_search import PlaceHits, PlaceIndex


class PlaceSearch:
    """Finds places by the words that people type."""

    def __init__(self, registers: Registers) -> None:
        self._registers = registers
        self._index: tuple[str, PlaceIndex] | None = None

    async def find(self, text: str) -> PlaceHits:
        """The places found, best first, at most 20; raises Unavailable before the register is loaded."""
        register = await self._registers.places()
        if self._index is None or self._index[0] != register.version:
            index = await asyncio.to_thread(PlaceIndex, register.places)
            self._index = (register.version, index)
        return self._index[1].find(text)
