"""The permission to see one report for an hour, for the browser that sent its code and PIN."""

import hashlib
import hmac
from datetime import timedelta

from chassis.service import ServiceContext
from intake.queries.reports import StatusView, report_of, status_view

LIFETIME = timedelta(hours=1)


class StatusSessions:
    """Signs permissions; one is bound to the browser and to the PIN, so that a new PIN ends it."""

    def __init__(self, context: ServiceContext, secret: bytes) -> None:
        self._context, self._key = context, hmac.digest(secret, b"ascolto/intake/status", "sha256")

    async def permit(self, report_id: str, browser: str) -> str:
        """A permission for this browser to see the report."""
        report = await report_of(self._context, report_id)
        until = str(int((self._context.clock() + LIFETIME).timestamp()))
        return (
            f"{report_id}.{until}.{self._sign(browser, report_id, report.pin_hash if report else '', until)}"
        )

    async def find(self, permission: str, browser: str) -> StatusView | None:
        """The report that this browser may see, or None."""
        report_id, until, signature = (*permission.split("."), "", "", "")[:3]
        if not until.isdecimal() or int(until[:12]) < self._context.clock().timestamp():
            return None
        report = await report_of(self._context, report_id)
        expected = self._sign(browser, report_id, report.pin_hash if report else "", until)
        fits = hmac.compare_digest(expected.encode(), signature.encode())
        return status_view(report) if report is not None and fits else None

    def _sign(self, *words: str) -> str:
        return hmac.new(self._key, "\n".join(words).encode(), hashlib.sha256).hexdigest()
