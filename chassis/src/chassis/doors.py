"""What a door can do: run a command, read documents, ask who is there."""

import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from fastapi import Request

from chassis.clock import Clock
from chassis.commands import Commands, succeeded
from chassis.documents import Collection
from chassis.errors import Early, Misuse, Refused
from chassis.inputs import Lineage
from chassis.store import Order, Store, Where

T = TypeVar("T")

ROLES = ("public", "service", "operator", "coordinator", "officer", "ops")


@dataclass(frozen=True)
class Principal:
    """Who is at the door."""

    role: str


@dataclass(frozen=True)
class Answer:
    """What a command is answered; `again` when it had been handled before."""

    body: Mapping[str, Any]
    again: bool


class Tokens:
    """Bearer tokens by role."""

    def __init__(self, by_role: Mapping[str, str]) -> None:
        self._by_role = dict(by_role)

    @classmethod
    def read(cls, path: Path) -> "Tokens":
        """Read the file of tokens; raises Misuse naming the file when it is not one."""
        try:
            return cls(json.loads(path.read_text()))
        except (OSError, ValueError) as error:
            raise Misuse(f"{path}: a JSON object of role and token is needed ({error})") from error

    def of(self, role: str) -> str:
        """The token a role shows at another service's door."""
        return self._by_role[role]

    def role(self, token: str) -> str | None:
        """The role that shows this token."""
        for role, known in self._by_role.items():
            if hmac.compare_digest(known.encode(), token.encode()):
                return role
        return None


class Allow:
    """The lock of a route: which roles may pass; a test walks every route and asks for it."""

    def __init__(self, tokens: Tokens, roles: tuple[str, ...]) -> None:
        unknown = set(roles) - set(ROLES)
        if unknown or not roles:
            raise Misuse(f"roles of a route must be among {', '.join(ROLES)}")
        self.roles = roles
        self._tokens = tokens

    async def __call__(self, request: Request) -> Principal:
        """Who is there; raises Refused 401 or 403."""
        if "public" in self.roles:
            return Principal("public")
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        role = self._tokens.role(token) if scheme.lower() == "bearer" else None
        if role is None:
            raise Refused(
                "no-token",
                "A valid bearer token is needed.",
                401,
                "Authorization",
                "Send `Authorization: Bearer …`.",
            )
        if role not in self.roles:
            raise Refused("not-allowed", f"The role {role} may not do this.", 403, "Authorization")
        return Principal(role)


@dataclass(frozen=True)
class Doors:
    """One process's doors; routers get it when they are made."""

    store: Store
    commands: Commands
    clock: Clock
    tokens: Tokens

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
        lineage = Lineage(correlation or key, self.clock())
        outcome = await self.commands.run(body, id=id, key=key, lineage=lineage, fingerprint=fingerprint)
        if succeeded(outcome):
            return Answer(outcome.answer or {}, again=outcome.ending == "again")
        if isinstance(outcome.error, Early):
            raise Refused(
                "not-yet", "What this is about has not arrived yet.", 409, fix="Try again in a moment."
            )
        raise outcome.error or Misuse(f"{type(body).__name__} is not in the table")

    async def load(self, collection: Collection[T], id: str) -> T | None:  # noqa: A002
        """One document as it was last committed."""
        row = await self.store.get(collection.name, id)
        return collection.load(row["state"]) if row and row.get("state") is not None else None

    async def list(
        self, collection: Collection[T], where: Where | None = None, order: Order = (), limit: int = 50
    ) -> list[T]:
        """Documents in one snapshot; fields are named `state.<field>`."""
        rows = await self.store.query(collection.name, where or {}, order, limit)
        return [collection.load(row["state"]) for row in rows if row.get("state") is not None]

    def require(self, *roles: str) -> Allow:
        """The lock for a route: `Depends(doors.require("operator"))`."""
        return Allow(self.tokens, roles)
