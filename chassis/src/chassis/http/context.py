"""What a door can do: run a command, read documents, ask who is there."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import ceil
from typing import Any, TypeVar

from fastapi import Request

from chassis.clock import Clock
from chassis.documents import Collection, Order, Where
from chassis.errors import Early, Misuse, Poison, Refused
from chassis.http.rates import Rates
from chassis.http.tokens import Principal, Tokens
from chassis.observe.tracing import current_traceparent
from chassis.store.port import Store
from chassis.transaction.commands import Commands, succeeded
from chassis.transaction.inputs import Lineage

T = TypeVar("T")

ROLES = ("public", "service", "operator", "coordinator", "officer", "ops")
UNHURRIED = frozenset({"service", "ops"})  # programs of the house: they are not counted
ANYBODY = Principal("", frozenset({"public"}))


@dataclass(frozen=True)
class Answer:
    """What a command is answered; `again` when it had been handled before."""

    body: Mapping[str, Any]
    again: bool


class RoleGuard:
    """The lock of a route: which roles may pass; a test walks every route and asks for it."""

    def __init__(self, roles: tuple[str, ...], rates: Rates) -> None:
        if not roles or set(roles) - set(ROLES):
            raise Misuse(f"roles of a route must be among {', '.join(ROLES)}")
        self.roles, self._rates = roles, rates

    def count(self, request: Request) -> None:
        """Count a question of this client; raises Refused (429) when it asks too often."""
        wait = self._rates.take(request.client.host if request.client else "")
        if wait:
            raise Refused(
                "too-many-requests",
                "This client asks too often.",
                429,
                fix="Wait as long as Retry-After says.",
                headers={"Retry-After": str(ceil(wait))},
            )

    def admit(self, principal: Principal) -> Principal:
        """Let somebody pass who has one of the roles; raises Refused (403) naming them."""
        if principal.roles.isdisjoint(self.roles):
            needed = " or ".join(self.roles)
            raise Refused(
                "not-allowed",
                f"This needs the role {needed}.",
                403,
                "Authorization",
                "Ask whoever gives roles at the issuer.",
                {"WWW-Authenticate": f'Bearer error="insufficient_scope", scope="{" ".join(self.roles)}"'},
            )
        return principal


class OpenGuard(RoleGuard):
    """For everybody, without being counted: what the machines around a service ask all the time."""

    def __init__(self) -> None:
        super().__init__(("public",), Rates())

    async def __call__(self) -> Principal:
        """Nobody is asked who they are."""
        return ANYBODY


class BearerGuard(RoleGuard):
    """Asks for a bearer token, and counts how often a client comes."""

    def __init__(self, tokens: Tokens, roles: tuple[str, ...], rates: Rates) -> None:
        super().__init__(roles, rates)
        self._tokens = tokens

    async def __call__(self, request: Request) -> Principal:
        """Who is there; raises Refused 401, 403 or 429."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        shown = token.strip() if scheme.lower() == "bearer" else ""
        if "public" in self.roles:
            await self._count_public(request, shown)
            return ANYBODY
        principal = await self._ask(request, shown)
        if principal.roles.isdisjoint(UNHURRIED):
            self.count(request)
        return self.admit(principal)

    async def _ask(self, request: Request, shown: str) -> Principal:
        try:
            if not shown:
                raise _no_token()
            return await self._tokens.read(shown)
        except Refused:
            self.count(request)
            raise

    async def _count_public(self, request: Request, shown: str) -> None:
        try:
            self.count(request)
        except Refused:
            # Only whoever is over the limit is worth the check of a signature.
            if not shown or (await self._tokens.read(shown)).roles.isdisjoint(UNHURRIED):
                raise


def _no_token() -> Refused:
    return Refused(
        "no-token",
        "A bearer token is needed.",
        401,
        "Authorization",
        "Ask the issuer for a token and send `Authorization: Bearer …`.",
        {"WWW-Authenticate": "Bearer"},
    )


@dataclass(frozen=True)
class ServiceContext:
    """One process's doors; routers get it when they are made."""

    store: Store
    commands: Commands
    clock: Clock
    tokens: Tokens
    rates: Rates = field(default_factory=Rates)

    async def run(
        self,
        body: Any,
        *,
        id: str,  # noqa: A002
        key: str,
        correlation: str | None = None,
        fingerprint: str | None = None,
    ) -> Answer:
        """Run a command and return its answer after the commit; raises Refused, Unavailable, or the bug that it met."""
        lineage = Lineage(correlation or key, self.clock(), current_traceparent())
        outcome = await self.commands.run(body, id=id, key=key, lineage=lineage, fingerprint=fingerprint)
        if succeeded(outcome):
            return Answer(outcome.answer or {}, again=outcome.result == "again")
        if isinstance(outcome.error, Early):
            raise Refused(
                "not-yet", "What this is about has not arrived yet.", 409, fix="Try again in a moment."
            )
        if outcome.input.unreadable is not None:
            raise Poison(outcome.input.unreadable)
        raise outcome.error or Misuse(f"{type(body).__name__} is not in the table")

    async def load(self, collection: Collection[T], id: str) -> T | None:  # noqa: A002
        """One document as it was last committed."""
        row = await self.store.get(collection.name, id)
        return collection.understand(row) if row else None

    async def list(
        self, collection: Collection[T], where: Where | None = None, order: Order = (), limit: int = 50
    ) -> list[T]:
        """Documents in one snapshot; fields are named `state.<field>`."""
        rows = await self.store.query(collection.name, where or {}, order, limit)
        return [found for row in rows if (found := collection.understand(row)) is not None]

    def require(self, *roles: str) -> BearerGuard:
        """The lock for a route: `Depends(doors.require("operator"))`."""
        return BearerGuard(self.tokens, roles, self.rates)
