"""The permission to see one report for an hour, for the browser that sent its code and PIN."""

import hashlib
import hmac
from datetime import timedelta

from chassis.service import ServiceContext
from intake.domain.reports import Report
from intake.queries.reports import (
    ReportDocuments,
    StatusView,
    documents_of,
    followed_view,
    report_of,
    status_view,
)

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
        report_id = self._report_id(permission)
        report = await report_of(self._context, report_id) if report_id else None
        fits = self._fits(permission, browser, report)
        return status_view(report) if report is not None and fits else None

    async def documents(self, permission: str, browser: str) -> tuple[StatusView, ReportDocuments] | None:
        """The report that this browser may see, with all that is stored about it; or None."""
        report_id = self._report_id(permission)
        found = await documents_of(self._context, report_id) if report_id else None
        report = found.report if found else None
        if not self._fits(permission, browser, report) or report is None or found is None:
            return None
        return await followed_view(self._context, report), found

    def _report_id(self, permission: str) -> str:
        """The report that a permission names, or nothing for one that is over."""
        report_id, until, _ = _parts(permission)
        is_over = not until.isdecimal() or int(until[:12]) < self._context.clock().timestamp()
        return "" if is_over else report_id

    def _fits(self, permission: str, browser: str, report: Report | None) -> bool:
        """Whether it was signed for this browser and the present PIN; takes constant time."""
        report_id, until, signature = _parts(permission)
        expected = self._sign(browser, report_id, report.pin_hash if report else "", until)
        return hmac.compare_digest(expected.encode(), signature.encode())

    def _sign(self, *words: str) -> str:
        return hmac.new(self._key, "\n".join(words).encode(), hashlib.sha256).hexdigest()


def _parts(permission: str) -> tuple[str, str, str]:
    """The id, the end in seconds and the signature, each maybe empty."""
    report_id, until, signature = (*permission.split("."), "", "", "")[:3]
    return report_id, until, signature
