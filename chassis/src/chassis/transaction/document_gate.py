"""The document gate: units of work of one process that need the same document run one after the other."""

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager

Documents = Mapping[str, Collection[str]]  # ids by collection


class DocumentGate:
    """Lets each unit of work pass after those before it that share a document with it.

    Each waits only for earlier ones and for all of its documents at once, so none waits in a circle. Other processes are not
    known here: their conflicts are detected by the store.
    """

    def __init__(self) -> None:
        self._inside: dict[asyncio.Event, Documents] = {}

    @asynccontextmanager
    async def passing(self, documents: Documents) -> AsyncIterator[None]:
        """Wait until nobody before us needs one of these documents, and keep them until the end of the block."""
        before = [left for left, others in self._inside.items() if _meet(others, documents)]
        left = asyncio.Event()
        self._inside[left] = documents
        try:
            for other in before:
                await other.wait()
            yield
        finally:
            del self._inside[left]
            left.set()


def _meet(some: Documents, others: Documents) -> bool:
    return any(not set(some[name]).isdisjoint(ids) for name, ids in others.items() if name in some)
