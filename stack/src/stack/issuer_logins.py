"""The open logins of the development issuer, and the roles that were revoked from users."""

import hmac
import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace

from fastapi import HTTPException
from pydantic import BaseModel

from stack.issuer_page import PEOPLE, ROLES

LOGIN_SECONDS = 8 * 3600.0
# Not the name of a cookie of any service: browsers send one host's cookies to all of its ports.
BROWSER_COOKIE = "emittente-di-prova"


class Change(BaseModel):
    """A change of a user: revoke a role (`take`), restore one (`give`), or end all logins (`end`)."""

    person: str
    take: str = ""
    give: str = ""
    end: str = ""


@dataclass(frozen=True)
class Login:
    """A login of a user at a client; `token` is the only valid refresh token, `browser` the secret of the browser it began in."""

    person: str
    role: str
    client: str
    token: str
    until: float
    browser: str = ""


@dataclass(frozen=True)
class Browser:
    """Who signed in with a browser: its later logins, at any client, ask nothing (single sign-on)."""

    person: str
    role: str
    until: float


class Logins:
    """All open logins, in memory."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._open: dict[str, Login] = {}
        self._browsers: dict[str, Browser] = {}
        self.taken: set[tuple[str, str]] = set()

    def sign_in(self, person: str, role: str) -> str:
        """Remembers who uses a browser; returns the secret of its cookie."""
        self._browsers = {secret: one for secret, one in self._browsers.items() if one.until > self._clock()}
        secret = secrets.token_urlsafe(32)
        self._browsers[secret] = Browser(person, role, self._clock() + LOGIN_SECONDS)
        return secret

    def signed_in(self, secret: str) -> Browser | None:
        """Who signed in with the browser that has this cookie, or None."""
        found = self._browsers.get(secret)
        return found if found and found.until > self._clock() else None

    def sign_out(self, secret: str) -> None:
        """Forgets who uses a browser and ends all logins that began in it."""
        if self._browsers.pop(secret, None):
            self._open = {id_: one for id_, one in self._open.items() if one.browser != secret}

    def begin(self, person: str, role: str, client: str, browser: str = "") -> Login:
        """Starts a login with its first refresh token."""
        self._open = {id_: one for id_, one in self._open.items() if one.until > self._clock()}
        id_ = secrets.token_hex(8)
        return self._keep(id_, Login(person, role, client, "", self._clock() + LOGIN_SECONDS, browser))

    def refresh(self, token: str, client: str) -> Login:
        """The login with its next refresh token. A reused token ends the login; it raises HTTPException as a wrong one does."""
        id_ = token.partition(".")[0]
        login = self._open.get(id_)
        if login is None or login.client != client or login.until <= self._clock():
            raise HTTPException(400, "invalid_grant")
        if not hmac.compare_digest(login.token, token):
            del self._open[id_]
            raise HTTPException(400, "invalid_grant")
        return self._keep(id_, login)

    def roles(self, person: str, role: str) -> list[str]:
        """The role that was chosen at the login, unless it has been revoked."""
        return [] if (person, role) in self.taken else [role]

    def of(self, person: str) -> list[str]:
        """The roles of a user's open logins, one for each login."""
        now = self._clock()
        return [login.role for login in self._open.values() if login.person == person and login.until > now]

    def change(self, change: Change) -> None:
        """Revokes or restores a role, effective with the next token, or ends all logins of a user."""
        if change.person not in PEOPLE or {change.take, change.give} - {"", *ROLES}:
            raise HTTPException(400, "person, take, give: choose from the page")
        if change.take:
            self.taken.add((change.person, change.take))
        if change.give:
            self.taken.discard((change.person, change.give))
        if change.end:
            self._open = {id_: one for id_, one in self._open.items() if one.person != change.person}
            self._browsers = {id_: one for id_, one in self._browsers.items() if one.person != change.person}

    def _keep(self, id_: str, login: Login) -> Login:
        self._open[id_] = replace(login, token=f"{id_}.{secrets.token_urlsafe(32)}")
        return self._open[id_]
