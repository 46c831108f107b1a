"""Bearer tokens in memory."""

from collections.abc import Mapping

from chassis.http.tokens import Principal, invalid_token


class MemoryTokens:
    """Tokens that were agreed on: each is one role's, and its word is the subject."""

    def __init__(self, roles: Mapping[str, str]) -> None:
        self._roles = dict(roles)

    async def read(self, token: str) -> Principal:
        """Who shows it; raises Refused (401)."""
        if token not in self._roles:
            raise invalid_token("The token is not one for here (unknown).")
        return Principal(token, frozenset({self._roles[token]}))

    async def close(self) -> None:
        """Nothing is open."""
