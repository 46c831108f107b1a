"""What a browser has typed and not sent yet: kept for two hours, so that every page of a form has an address of its own."""

import hashlib
import hmac
from collections.abc import Mapping
from datetime import timedelta

from chassis.documents import Index
from chassis.errors import Conflict, Unavailable
from chassis.sealing import Erased, Sealed, Sealer
from chassis.service import ServiceContext

COLLECTION = "browser_drafts"
LIFETIME = timedelta(hours=2)
DRAFTS = Index(COLLECTION, (("until", 1),), expire_after=0)
# Of one draft; what is longer stays on the page that sent it.
MOST_CHARACTERS = 16_000
_TRIES = 5


class BrowserDrafts:
    """Keeps the fields of unfinished forms, encrypted with the secret of the browser's cookie and the service's.

    Only the browser that saved a draft can find or read it; the database alone reveals neither.
    """

    def __init__(self, context: ServiceContext, secret: bytes) -> None:
        self._context, self._secret = context, hmac.digest(secret, b"ascolto/intake/drafts", "sha256")

    def fits(self, fields: Mapping[str, str]) -> bool:
        """Whether these fields are short enough to be kept."""
        return sum(map(len, fields.values())) <= MOST_CHARACTERS

    async def save(self, browser: str, name: str, fields: Mapping[str, str]) -> None:
        """Keep the fields under this name in place of those before; raises Unavailable."""
        sealed = self._sealer(browser).seal(name, fields)
        row = {
            "until": self._context.clock() + LIFETIME,
            "key": sealed.key,
            "fields": dict(sealed.fields),
        }
        for _ in range(_TRIES):
            try:
                await self._context.store.claim(COLLECTION, self._id(browser, name), row)
            except Conflict:
                continue  # the same form was sent twice at once
            return
        raise Unavailable("the draft could not be saved")

    async def find(self, browser: str, name: str) -> Mapping[str, str] | None:
        """The fields that this browser saved under this name, or None; raises Unavailable."""
        row = await self._context.store.get(COLLECTION, self._id(browser, name))
        if row is None or row["until"] <= self._context.clock():
            return None
        try:
            return self._sealer(browser).open(Sealed(name, row["key"], row["fields"]))
        except Erased:
            return None

    def _sealer(self, browser: str) -> Sealer:
        return Sealer(hmac.digest(self._secret, b"seal/" + browser.encode(), "sha256"))

    def _id(self, browser: str, name: str) -> str:
        return hmac.new(self._secret, f"id/{browser}/{name}".encode(), hashlib.sha256).hexdigest()
