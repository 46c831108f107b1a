"""Store the places, and read all of them as a tree."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace

from chassis.documents import AtLeast, Raw
from chassis.ids import uuid7
from chassis.service import ServiceContext
from intake.domain.place_tree import PlaceTree
from intake.domain.places import Place, day_in_rome
from intake.handlers.documents import PLACES
from intake.handlers.load_places import LoadPlaces

CHUNK = 500  # places that one transaction writes
PAGE = 1000  # places that one query reads
ROUNDS = 3  # another process may load another file at the same time: who comes last stores all of its own


async def read_tree(context: ServiceContext, version: str) -> PlaceTree:
    """All places as a tree with its index; the event loop is never held for longer than a page takes."""
    places: list[Place] = []
    async for rows in _pages(context):
        places += await asyncio.to_thread(_understood, rows)
    return await asyncio.to_thread(lambda: PlaceTree(version, tuple(places)).build_index())


async def load_places(context: ServiceContext, tree: PlaceTree) -> None:
    """Store the places that differ from those of this tree, and close those that it does not have.

    Each transaction writes at most CHUNK of them. Who dies half-way starts again: only what still differs is written.
    """
    for _ in range(ROUNDS):
        changed = _changed(tree, await _stored(context), day_in_rome(context.clock()))
        if not changed:
            return
        for first in range(0, len(changed), CHUNK):
            chunk = changed[first : first + CHUNK]
            await context.run(LoadPlaces(chunk), id=f"places:{uuid7(context.clock())}", key="places")


async def _stored(context: ServiceContext) -> Mapping[str, Place]:
    found: dict[str, Place] = {}
    async for rows in _pages(context):
        found |= {place.id: place for place in await asyncio.to_thread(_understood, rows)}
    return found


async def _pages(context: ServiceContext) -> AsyncIterator[Sequence[Raw]]:
    last = ""
    while True:
        rows = await context.store.query(PLACES.name, {"_id": AtLeast(last)}, [("_id", 1)], PAGE + 1)
        rows = [row for row in rows if row["_id"] != last]
        if not rows:
            return
        yield rows
        last = rows[-1]["_id"]


def _understood(rows: Sequence[Raw]) -> list[Place]:
    return [found for row in rows if (found := PLACES.understand(row)) is not None]


def _changed(tree: PlaceTree, stored: Mapping[str, Place], today: str) -> tuple[Place, ...]:
    new = [place for place in tree.places if stored.get(place.id) != place]
    gone = [one for one in stored.values() if tree.place(one.id) is None and one.closed_on is None]
    return (*new, *(replace(one, closed_on=today) for one in gone))
