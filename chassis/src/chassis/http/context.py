"""The context of a service: run commands, read documents, authenticate requests."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import ceil
from typing import Any, TypeVar

from fastapi import Request

from chassis.clock import Clock
from chassis.documents import Collection, Order, Raw, Ref, Snapshot, Where
from chassis.errors import Early, Misuse, Poison, Refused, Unavailable
from chassis.http.rates import Rates
from chassis.http.tokens import Principal, Tokens
from chassis.observe.tracing import current_traceparent
from chassis.store.audit import SCOPE, audit_row
from chassis.store.collections import AUDIT
from chassis.store.port import Store
from chassis.transaction.commands import Commands, succeeded
from chassis.transaction.inputs import Lineage

T = TypeVar("T")

ROLES = ("public", "service", "operator", "coordinator", "officer", "ops")
UNLIMITED = frozenset({"service", "ops"})  # our own programs have no rate limit
ANYBODY = Principal("", frozenset({"public"}))


@dataclass(frozen=True)
class Answer:
    """The answer to a command; `again` when it was handled before."""

    body: Mapping[str, Any]
    again: bool


class RoleGuard:
    """Restricts a route to roles; a test checks that every route has a guard."""

    def __init__(self, roles: tuple[str, ...], rates: Rates) -> None:
        if not roles or set(roles) - set(ROLES):
            raise Misuse(f"roles of a route must be among {', '.join(ROLES)}")
        self.roles, self._rates = roles, rates

    def count(self, request: Request) -> None:
        """Count a request of this client; raises Refused (429) above the limit."""
        wait = self._rates.take(request.client.host if request.client else "")
        if wait:
            raise Refused(
                "too-many-requests",
                "Too many requests from this client.",
                429,
                fix="Wait for the time in Retry-After.",
                headers={"Retry-After": str(ceil(wait))},
            )

    def admit(self, principal: Principal) -> Principal:
        """Return the principal if it has one of the roles; raises Refused (403) with the roles needed."""
        if principal.roles.isdisjoint(self.roles):
            needed = " or ".join(self.roles)
            raise Refused(
                "not-allowed",
                f"This needs the role {needed}.",
                403,
                "Authorization",
                "Ask the administrator of the issuer for the role.",
                {"WWW-Authenticate": f'Bearer error="insufficient_scope", scope="{" ".join(self.roles)}"'},
            )
        return principal


class OpenGuard(RoleGuard):
    """For everyone, without a rate limit: for monitoring and operations."""

    def __init__(self) -> None:
        super().__init__(("public",), Rates())

    async def __call__(self) -> Principal:
        """Return the anonymous principal."""
        return ANYBODY


class BearerGuard(RoleGuard):
    """Requires a bearer token, and limits the rate of requests per client."""

    def __init__(self, tokens: Tokens, roles: tuple[str, ...], rates: Rates) -> None:
        super().__init__(roles, rates)
        self._tokens = tokens

    async def __call__(self, request: Request) -> Principal:
        """The principal of the request; raises Refused 401, 403 or 429."""
        if "public" in self.roles:
            await self._count_public(request)
            return ANYBODY
        principal = await self._ask(request, _token(request))
        if principal.roles.isdisjoint(UNLIMITED):
            self.count(request)
        return self.admit(principal)

    async def _ask(self, request: Request, token: str) -> Principal:
        try:
            if not token:
                raise _no_token()
            return await self._tokens.read(token)
        except Refused:
            self.count(request)
            raise

    async def _count_public(self, request: Request) -> None:
        try:
            self.count(request)
        except Refused:
            # A signature is checked only for clients over the limit.
            token = _token(request)
            if not token or (await self._tokens.read(token)).roles.isdisjoint(UNLIMITED):
                raise


def _token(request: Request) -> str:
    scheme, _, value = request.headers.get("authorization", "").partition(" ")
    return value.strip() if scheme.lower() == "bearer" else ""


def _no_token() -> Refused:
    return Refused(
        "no-token",
        "A bearer token is needed.",
        401,
        "Authorization",
        "Get a token from the issuer and send `Authorization: Bearer …`.",
        {"WWW-Authenticate": "Bearer"},
    )


@dataclass(frozen=True)
class ServiceContext:
    """What routers, jobs and gauges of one process use; routers get it when they are created."""

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
        """Run a command and return its answer after the commit; raises Refused, Unavailable, or the error of a bug."""
        lineage = Lineage(correlation or key, self.clock(), current_traceparent())
        outcome = await self.commands.run(body, id=id, key=key, lineage=lineage, fingerprint=fingerprint)
        if succeeded(outcome):
            return Answer(outcome.answer or {}, again=outcome.result == "again")
        if isinstance(outcome.error, Early):
            raise Refused(
                "not-yet",
                "The event that this depends on has not arrived yet.",
                409,
                fix="Try again in a few seconds.",
            )
        if outcome.input.unreadable is not None:
            raise Poison(outcome.input.unreadable)
        raise outcome.error or Misuse(f"{type(body).__name__} is not in the table of reactions")

    async def load(self, collection: Collection[T], id: str) -> T | None:  # noqa: A002
        """One document as last committed."""
        row = await self.store.get(collection.name, id)
        return collection.understand(row) if row else None

    async def snapshot(self, *refs: Ref[Any]) -> Snapshot:
        """These documents as of one moment, in one request."""
        wanted: dict[str, list[str]] = {}
        for ref in refs:
            wanted.setdefault(ref.collection.name, []).append(ref.id)
        return Snapshot(await self.store.read(wanted))

    async def list(
        self, collection: Collection[T], where: Where | None = None, order: Order = (), limit: int = 50
    ) -> list[T]:
        """Documents in one snapshot; fields are named `state.<field>`."""
        rows = await self.store.query(collection.name, where or {}, order, limit)
        return [found for row in rows if (found := collection.understand(row)) is not None]

    async def audit(self, by: str, action: str, details: Mapping[str, Any], id: str | None = None) -> bool:  # noqa: A002
        """Write a row to the audit before the act that it records; raises Unavailable when it is not written.

        Returns False when a row with this id was written before.
        """
        row = audit_row(self.clock(), by, action, dict(details)) | {"scope": SCOPE}
        inserted = await self.store.insert_missing(AUDIT, [row if id is None else row | {"_id": id}])
        if not inserted and (id is None or await self.store.get(AUDIT, id) is None):
            raise Unavailable("the audit row was not written")
        return bool(inserted)

    async def audited(self, where: Where, limit: int = 50) -> Sequence[Raw]:
        """Rows that the service wrote, newest first; their fields are `by`, `at`, `action` and `details.<name>`."""
        return await self.store.query(AUDIT, {**where, "scope": SCOPE}, [("at", -1), ("_id", -1)], limit)

    def require(self, *roles: str) -> BearerGuard:
        """The guard for a route: `Depends(context.require("operator"))`."""
        return BearerGuard(self.tokens, roles, self.rates)
