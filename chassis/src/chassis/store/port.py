"""The port to a database with snapshot transactions; `mongo` and `memory` keep the same promises."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Protocol, TypeVar

from chassis.documents import Index, Order, Raw, Where

T = TypeVar("T")


class Transaction(Protocol):
    """What can be done inside one transaction.

    Conflict is raised wherever somebody else was first (Unmatched, one of its kind, where a guard does not match), Poison
    for a document that the store can never keep.
    """

    async def find(self, collection: str, ids: Sequence[str]) -> dict[str, Raw]:
        """The documents that exist among these, by id."""
        ...

    async def insert(self, collection: str, documents: Sequence[Raw]) -> None:
        """Add documents whose ids must be new."""
        ...

    async def replace(self, collection: str, documents: Sequence[tuple[Mapping[str, Any], Raw]]) -> None:
        """Put each document in place of the one that matches its guard (its `_id` and more), which must exist."""
        ...

    async def upsert(self, collection: str, documents: Sequence[Raw]) -> None:
        """Put each document under its id, whether or not there is one."""
        ...

    async def touch(self, collection: str, ids: Sequence[str]) -> None:
        """Add one to the version of documents that a decision was read from, so that nobody else changes them."""
        ...

    async def delete(self, collection: str, ids: Sequence[str]) -> int:
        """Remove these documents; returns how many there were."""
        ...


class StoreSession(Protocol):
    """A session of the store: one transaction at a time; its id lets a new owner end it."""

    @property
    def id(self) -> bytes: ...

    async def transact(self, work: Callable[[Transaction], Awaitable[T]]) -> T:
        """Run `work` once in a snapshot transaction and commit it with majority and journal.

        Raises Conflict (run it again) or Unavailable (the outcome may be unknown: look before running it again).
        """
        ...

    async def close(self) -> None: ...


class Store(Protocol):
    """The database of one service."""

    async def session(self) -> StoreSession: ...

    async def end_session(self, session_id: bytes) -> None:
        """End another process's session, so that its open transaction frees its locks."""
        ...

    async def get(self, collection: str, id: str) -> Raw | None:  # noqa: A002
        """One document, as of the last majority commit."""
        ...

    async def query(self, collection: str, where: Where, order: Order = (), limit: int = 0) -> list[Raw]:
        """Documents in one snapshot, ordered; 0 means all."""
        ...

    async def count(self, collection: str, where: Where) -> int: ...

    async def delete(self, collection: str, ids: Sequence[str]) -> int:
        """Remove documents outside any transaction."""
        ...

    async def insert_missing(self, collection: str, documents: Sequence[Raw]) -> int:
        """Add those documents whose ids are not there yet; returns how many were added."""
        ...

    async def claim(self, collection: str, id: str, changes: Mapping[str, Any]) -> tuple[Raw | None, Raw]:  # noqa: A002
        """Set fields and add one to `epoch`, creating the document if need be; returns it before and after."""
        ...

    async def lease(self, id: str, holder: str, seconds: float) -> int | None:  # noqa: A002
        """Take or keep a lease by the server's clock; returns its epoch, or None while another holds it."""
        ...

    async def renew(self, ids: Sequence[str], holder: str, seconds: float) -> list[str]:
        """Keep all of these leases that are the holder's, in one request; returns those that are."""
        ...

    async def release(self, id: str, holder: str) -> None:  # noqa: A002
        """Give a lease back."""
        ...

    async def live_leases(self, prefix: str) -> list[str]:
        """The ids of leases under a prefix that have not run out."""
        ...

    async def follow(
        self,
        collections: Sequence[str],
        field: str,
        heard: Callable[[str, Any], None],
        more: Callable[[], bool],
    ) -> None:
        """Tell of each document that anybody puts into these collections: in which, and what it has under `field`.

        From some moment on, as long as there is to be `more`, which is asked at least once a second. Raises Unavailable.
        """
        ...

    async def ensure(self, collections: Sequence[str], indexes: Sequence[Index]) -> None:
        """Make collections and indexes exist; transactions never create them."""
        ...

    async def names(self, prefix: str) -> list[str]:
        """The collections whose names begin so, in order."""
        ...

    async def drop(self, collection: str) -> None:
        """Forget a collection and all that is in it."""
        ...

    async def ping(self) -> None:
        """Answer, or raise Unavailable."""
        ...

    async def close(self) -> None: ...
