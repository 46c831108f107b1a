"""How many mails one sender may send in an hour, counted in the database so that all replicas share one limit."""

from datetime import UTC, datetime, timedelta

from chassis.documents import Index
from chassis.errors import Conflict, Refused, Unavailable
from chassis.service import Store
from intake.app.tracking_codes import TrackingCodes
from intake.domain.lookups import email_key

COLLECTION = "mail_counts"
# One hour of margin for a database clock that is ahead.
MAIL_COUNTS = Index(COLLECTION, (("until", 1),), expire_after=3600)
MOST_IN_AN_HOUR = 30
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_HOUR = timedelta(hours=1)
_TRIES = 5


class SenderRates:
    """Counts mails by sender; the database has keyed hashes of the addresses only."""

    def __init__(self, store: Store, codes: TrackingCodes) -> None:
        self._store, self._codes = store, codes

    async def charge(self, sender: str, now: datetime) -> None:
        """Count a mail of this sender; raises Refused (429) above 30 in an hour, and Unavailable."""
        number = (now - _EPOCH) // _HOUR
        counter = self._codes.pseudonym("mail-sender", str(number), email_key(sender))
        for _ in range(_TRIES):
            try:
                _, after = await self._store.claim(
                    COLLECTION, counter, {"until": _EPOCH + (number + 1) * _HOUR}
                )
            except Conflict:
                continue  # another replica inserted the row concurrently
            if int(after["epoch"]) > MOST_IN_AN_HOUR:
                raise Refused("too-many-mails", "This sender has sent too many mails in this hour.", 429)
            return
        raise Unavailable("the mail could not be counted")
