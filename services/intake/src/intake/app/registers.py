"""The current registers, cached for three seconds, and their loading at start."""

import asyncio
from datetime import datetime, timedelta

from chassis.errors import Unavailable
from chassis.service import ServiceContext
from intake.app.places import load_places, read_tree
from intake.domain.place_tree import PlaceTree
from intake.domain.registers import Register
from intake.handlers.documents import CATEGORIES, PLACE_TREE, REGISTERS
from intake.handlers.load_register import LoadRegister

FRESH = timedelta(seconds=3)


class Registers:
    """Reads the registers of categories and places, at most one query every three seconds for each."""

    def __init__(self, context: ServiceContext) -> None:
        self._context = context
        self._cached: dict[str, tuple[Register, datetime]] = {}
        self._refresh = asyncio.Lock()
        self._tree: PlaceTree | None = None

    async def categories(self) -> Register:
        """The register of categories, at most three seconds old; raises Unavailable before it is first loaded."""
        return await self._register(CATEGORIES)

    async def places(self) -> PlaceTree:
        """The tree of all places, read again when their version has changed; raises Unavailable before it is first loaded."""
        register = await self._register(PLACE_TREE)
        if self._tree is not None and self._tree.version == register.version:
            return self._tree
        async with self._refresh:
            if self._tree is None or self._tree.version != register.version:
                self._tree = await read_tree(self._context, register.version)
            return self._tree

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


async def load_registers(context: ServiceContext, categories: Register, places: PlaceTree) -> None:
    """Store each register whose version is not the current one; replicas that start together store it once."""
    await load_register(context, categories)
    current = await context.load(REGISTERS, PLACE_TREE)
    if current is None or current.version != places.version:
        await load_places(context, places)
        await load_register(context, Register(PLACE_TREE, places.version))


async def load_register(context: ServiceContext, register: Register) -> None:
    """Store a register unless its version is the current one."""
    current = await context.load(REGISTERS, register.name)
    if current is not None and current.version == register.version:
        return
    revision = 1 if current is None else current.revision + 1
    await context.run(
        LoadRegister(register),
        id=f"register:{register.name}:{revision}:{register.version}",
        key=register.name,
    )
