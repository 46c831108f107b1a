"""Forms that were refused: their pages are kept for a next request, so that Back and Reload ask for a page and send no form."""

import base64
import hmac
import secrets
import zlib
from collections.abc import MutableMapping
from datetime import timedelta
from typing import Any

from cryptography.fernet import Fernet, InvalidToken
from fastapi import Response
from fastapi.responses import HTMLResponse, RedirectResponse

from chassis.clock import Clock
from chassis.errors import Conflict, Unavailable
from chassis.web import REFUSED_FORMS, Store

LIFETIME = timedelta(minutes=30)
# Of one compressed page; what is larger is the direct answer to its form.
MOST_BYTES = 262_144
# What a person can mend; who may not send a form has no page kept.
_KEPT = frozenset({400, 404, 409, 410, 422})


class RefusedForms:
    """Keeps the pages that show what is wrong in a form; only the session that sent the form can find or read one."""

    def __init__(self, store: Store, home: str, secret: bytes, clock: Clock) -> None:
        self._store, self.home, self._clock = store, f"{home}/modulo", clock
        self._secret = hmac.digest(secret, b"ascolto/refused-forms", "sha256")

    async def keep(self, session: str, page: Response) -> str | None:
        """The address of the kept page, or None when it cannot be kept."""
        body = zlib.compress(bytes(page.body))
        if len(body) > MOST_BYTES or page.status_code not in _KEPT:
            return None
        id, now = secrets.token_urlsafe(16), self._clock()  # noqa: A001 - a kept page's id is called id
        sealed = self._box(session).encrypt_at_time(body, int(now.timestamp()))
        row = {"until": now + LIFETIME, "status": page.status_code, "page": sealed}
        try:
            await self._store.claim(REFUSED_FORMS, self._id(session, id), row)
        except (Conflict, Unavailable):
            return None
        return f"{self.home}/{id}"

    async def find(self, session: str, id: str) -> tuple[bytes, int] | None:  # noqa: A002
        """The body and status of a page that this session was to see, or None; raises Unavailable."""
        row = await self._store.get(REFUSED_FORMS, self._id(session, id))
        if row is None or row["until"] <= self._clock():
            return None
        try:
            return zlib.decompress(self._box(session).decrypt(row["page"])), row["status"]
        except InvalidToken:
            return None

    def _box(self, session: str) -> Fernet:
        key = hmac.digest(self._secret, b"seal/" + session.encode(), "sha256")
        return Fernet(base64.urlsafe_b64encode(key))

    def _id(self, session: str, id: str) -> str:  # noqa: A002
        return hmac.digest(self._secret, f"id/{session}/{id}".encode(), "sha256").hex()


class RefusedForm(HTMLResponse):
    """The page of a refused form: sends the browser to where it is kept, or is itself the answer when it cannot be kept."""

    def __init__(self, page: HTMLResponse, forms: RefusedForms, session: str) -> None:
        super().__init__(bytes(page.body), page.status_code)
        self.raw_headers = page.raw_headers
        self._forms, self._session = forms, session

    async def __call__(self, scope: MutableMapping[str, Any], receive: Any, send: Any) -> None:
        """Keep the page and redirect to it."""
        place = await self._forms.keep(self._session, self)
        if place is None:
            await super().__call__(scope, receive, send)
            return
        redirect = RedirectResponse(place, 303)
        redirect.raw_headers += [row for row in self.raw_headers if row[0] == b"set-cookie"]
        await redirect(scope, receive, send)
