"""The port to a database with snapshot transactions; `mongo` and `memory` keep the same promises."""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from typing import Any, Protocol, TypeVar

from chassis.documents import Index, Order, Raw, Where

T = TypeVar("T")
Wanted = Mapping[str, Collection[str]]  # ids by collection
Found = dict[str, dict[str, Raw]]  # documents by collection and id


class Transaction(Protocol):
    """The operations inside one transaction.

    Raises Conflict where another transaction was first (Unmatched, a subclass, where a guard does not match), and Poison for a
    document that the store can never accept.
    """

    async def find(self, collection: str, ids: Sequence[str]) -> dict[str, Raw]:
        """The documents that exist among these, by id."""
        ...

    async def read(self, wanted: Wanted, versions: Wanted) -> Found:
        """The documents that exist among these of several collections: in one request, unless they are many.

        Of those in `versions` only `_id` and `version`; no document may be in both.
        """
        ...

    async def insert(self, collection: str, documents: Sequence[Raw]) -> None:
        """Insert documents; their ids must be new."""
        ...

    async def replace(self, collection: str, documents: Sequence[tuple[Mapping[str, Any], Raw]]) -> None:
        """Replace the document that matches each guard (its `_id` and more); it must exist."""
        ...

    async def upsert(self, collection: str, documents: Sequence[Raw]) -> None:
        """Insert or replace each document by its id."""
        ...

    async def touch(self, collection: str, ids: Sequence[str]) -> None:
        """Increment the version of documents that a decision was based on, so that no concurrent transaction changes them."""
        ...

    async def delete(self, collection: str, ids: Sequence[str]) -> int:
        """Delete these documents; returns how many existed."""
        ...


class StoreSession(Protocol):
    """A session of the store: one transaction at a time; a new owner can end it by its id."""

    @property
    def id(self) -> bytes: ...

    async def transact(self, work: Callable[[Transaction], Awaitable[T]]) -> T:
        """Run `work` once in a snapshot transaction and commit it with majority and journal.

        Raises Conflict (run it again) or Unavailable (the outcome may be unknown: check before running it again).
        """
        ...

    async def close(self) -> None: ...


class Store(Protocol):
    """The database of one service."""

    async def session(self) -> StoreSession: ...

    async def end_session(self, session_id: bytes) -> None:
        """End another process's session, which aborts its open transaction and releases its locks."""
        ...

    async def get(self, collection: str, id: str) -> Raw | None:  # noqa: A002
        """One document, as of the last majority commit."""
        ...

    async def query(
        self, collection: str, where: Where, order: Order = (), limit: int = 0, fields: Sequence[str] = ()
    ) -> list[Raw]:
        """Documents in one snapshot, ordered; 0 means all. With `fields`, only `_id` and these of each, under dotted names."""
        ...

    async def read(self, wanted: Wanted) -> Found:
        """The documents that exist among these of several collections, as of the last majority commit: in one request, unless they are many."""
        ...

    async def count(self, collection: str, where: Where) -> int: ...

    async def counts(self, where: Mapping[str, Where], most: int = 0) -> dict[str, int]:
        """The same for several collections in one request; with `most`, none is counted further."""
        ...

    async def delete(self, collection: str, ids: Sequence[str]) -> int:
        """Delete documents outside a transaction; returns how many existed."""
        ...

    async def update(
        self, collection: str, ids: Sequence[str], fields: Mapping[str, Any], renamed: Mapping[str, str]
    ) -> int:
        """Set fields of documents, and rename fields that they have, outside a transaction; returns how many exist."""
        ...

    async def insert_missing(self, collection: str, documents: Sequence[Raw]) -> int:
        """Insert the documents whose ids do not exist; returns how many were inserted."""
        ...

    async def claim(self, collection: str, id: str, changes: Mapping[str, Any]) -> tuple[Raw | None, Raw]:  # noqa: A002
        """Set fields and increment `epoch`, creating the document if missing; returns it before and after."""
        ...

    async def lease(self, id: str, holder: str, seconds: float) -> int | None:  # noqa: A002
        """Acquire or extend a lease by the server's clock; returns its epoch, or None while another holder has it."""
        ...

    async def renew(self, ids: Sequence[str], holder: str, seconds: float) -> list[str]:
        """Extend those of these leases that the holder has, in one request; returns their ids."""
        ...

    async def release(self, id: str, holder: str) -> None:  # noqa: A002
        """Release a lease."""
        ...

    async def live_leases(self, prefix: str) -> list[str]:
        """The ids of unexpired leases under a prefix."""
        ...

    async def follow(
        self,
        collections: Sequence[str],
        field: str,
        notify: Callable[[str, Any], None],
        keep_going: Callable[[], bool],
    ) -> None:
        """Call `notify` for each document inserted into or replaced in these collections, with its collection and its `field`.

        Starts at some moment after the call and ends when `keep_going`, checked at least once a second, returns false.
        Raises Unavailable.
        """
        ...

    async def ensure(self, collections: Sequence[str], indexes: Sequence[Index]) -> None:
        """Create missing collections and indexes; transactions never create them."""
        ...

    async def names(self, prefix: str) -> list[str]:
        """The names of the collections with this prefix, sorted."""
        ...

    async def drop(self, collection: str) -> None:
        """Delete a collection with everything in it."""
        ...

    async def ping(self) -> None:
        """Return if the store answers, else raise Unavailable."""
        ...

    async def close(self) -> None: ...
