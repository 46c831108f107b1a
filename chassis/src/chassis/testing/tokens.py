"""Bearer tokens in memory."""

from collections.abc import Mapping
from typing import Self

from chassis.http.context import ROLES
from chassis.http.tokens import Principal, invalid_token


class MemoryTokens:
    """A fixed table of tokens, each with one role; the token itself is the subject."""

    def __init__(self, roles: Mapping[str, str]) -> None:
        self._roles = dict(roles)

    @classmethod
    def by_role(cls) -> Self:
        """One token for each role that needs one, and it is the name of the role."""
        return cls({role: role for role in ROLES if role != "public"})

    async def read(self, token: str) -> Principal:
        """Return the owner of the token; raises Refused (401)."""
        if token not in self._roles:
            raise invalid_token("The token is not valid here (unknown).")
        return Principal(token, frozenset({self._roles[token]}))

    async def close(self) -> None:
        """Do nothing: no connection is open."""
