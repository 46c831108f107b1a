"""The current registers, cached for three seconds, and their loading at start."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta

from chassis.errors import Unavailable
from chassis.service import ServiceContext
from intake.domain.registers import Register
from intake.handlers.documents import REGISTERS
from intake.handlers.load_register import LoadRegister

FRESH = timedelta(seconds=3)


class Registers:
    """Reads the registers of categories and places, at most one query every three seconds for each."""

    def __init__(self, context: ServiceContext) -> None:
        self._context = context
        self._cached: dict[str, tuple[Register, datetime]] = {}
        self._refresh = asyncio.Lock()

    async def categories(self) -> Register:
        """The register of categories, at most three seconds old; raises Unavailable before it is first loaded."""
        return await self._register("categories")

    async def places(self) -> Register:
        """The register of places, at most three seconds old; raises Unavailable before it is first loaded."""
        return await self._register("places")

    async def _register(self, name: str) -> Register:
        found = self._fresh(name)
        if found is not None:
            return found
        async with self._refresh:
            return self._fresh(name) or await self._load(name)

    async def _load(self, name: str) -> Register:
        found = await self._context.load(REGISTERS, name)
        if found is None:
            raise Unavailable(f"the register of {name} is not loaded yet")
        self._cached[name] = (found, self._context.clock())
        return found

    def _fresh(self, name: str) -> Register | None:
        cached = self._cached.get(name)
        return cached[0] if cached is not None and self._context.clock() - cached[1] < FRESH else None


async def load_registers(context: ServiceContext, registers: Sequence[Register]) -> None:
    """Store each register whose version is not the current one; replicas that start together store it once."""
    for register in registers:
        current = await context.load(REGISTERS, register.name)
        if current is not None and current.version == register.version:
            continue
        revision = 1 if current is None else current.revision + 1
        await context.run(
            LoadRegister(register),
            id=f"register:{register.name}:{revision}:{register.version}",
            key=register.name,
        )
