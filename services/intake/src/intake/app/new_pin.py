"""Receipts for a tenant at the listening point: a new PIN, and the one showing of a PIN to the staff who made it."""

from collections.abc import Mapping
from datetime import timedelta

from chassis.errors import Refused
from chassis.ids import derive
from chassis.service import ServiceContext
from intake.app.readings import Reader, Readings
from intake.app.submit import Receipt
from intake.app.tracking_codes import TrackingCodes
from intake.domain.identity_checks import IdentityCheck
from intake.domain.reports import Report
from intake.handlers.renew_pin import RenewPin
from intake.queries.receipts import MADE, SHOWN, receipt_made
from intake.queries.reports import report_of

SHOWN_WITHIN = timedelta(minutes=15)


class Receipts:
    """Makes PINs for reports, and shows each once.

    The audit is the permission: a receipt is shown to whom a row says that he made it, and the row of its showing is written first.
    """

    def __init__(self, context: ServiceContext, codes: TrackingCodes, readings: Readings) -> None:
        self._context, self._codes, self._readings = context, codes, readings

    async def renew(self, report_id: str, reader: Reader, nonce: str, check: IdentityCheck) -> bool:
        """Give the report a new PIN, which ends the former one; returns whether this nonce did it before.

        `check` is how the person was identified; the audit keeps it.
        Raises Refused (404 or 403), and Unavailable when the audit cannot be written: then the PIN stays.
        """
        await self._readings.admit(report_id, reader)
        await self._permit(report_id, reader, nonce, {"check": check.value})
        pin_hash = self._codes.pin_hash(report_id, self._codes.pin(report_id, nonce))
        answer = await self._context.run(
            RenewPin(report_id, nonce, pin_hash),
            id=f"new-pin:{report_id}:{nonce}",
            key=report_id,
            correlation=report_id,
        )
        return answer.again

    async def permit(self, report_id: str, reader: Reader) -> None:
        """Record that this person made the report, and so its first PIN."""
        await self._permit(report_id, reader, None, {})

    async def _permit(
        self, report_id: str, reader: Reader, nonce: str | None, more: Mapping[str, str]
    ) -> None:
        details = {"report_id": report_id, "roles": sorted(reader.roles), **more}
        await self._context.audit(reader.subject, MADE, details, id=_id(MADE, report_id, nonce))

    async def take(self, report_id: str, reader: Reader, nonce: str | None = None) -> Receipt:
        """The code and the PIN, once and to whoever made it; the audit has a line of it first.

        Raises Refused: 404 for anybody else, 410 the second time, after a quarter of an hour, or when a newer PIN replaced it.
        """
        made = await receipt_made(self._context, _id(MADE, report_id, nonce))
        report = await report_of(self._context, report_id)
        if made is None or report is None or made.by != reader.subject:
            raise Refused("no-such-receipt", "There is no receipt of yours here.", status=404)
        if report.pin_nonce != nonce or self._context.clock() > made.at + SHOWN_WITHIN:
            raise _gone()
        details = {"report_id": report_id, "roles": sorted(reader.roles)}
        if not await self._context.audit(reader.subject, SHOWN, details, id=_id(SHOWN, report_id, nonce)):
            raise _gone()
        return self._receipt(report)

    def _receipt(self, report: Report) -> Receipt:
        return Receipt(report.tracking_code, self._codes.pin(report.report_id, report.pin_nonce))


def _id(action: str, report_id: str, nonce: str | None) -> str:
    return derive(f"{action}:{report_id}", nonce or "first")


def _gone() -> Refused:
    return Refused(
        "receipt-gone", "The PIN was shown already, or is replaced.", status=410, fix="Make a new PIN."
    )
