"""Track a report: show its status to a caller with its tracking code and PIN."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace

from chassis.errors import Refused, Unavailable
from chassis.service import ServiceContext
from intake.app.attempts import Attempts, Caller
from intake.app.tracking_codes import TrackingCodes, read_code
from intake.domain.reports import Report
from intake.queries.reports import StatusView, followed_view, reports_with_code, status_of

_NO_HASH = "0" * 64


class Tracking:
    """Finds reports by tracking code and PIN."""

    def __init__(self, context: ServiceContext, codes: TrackingCodes) -> None:
        self._context, self._codes = context, codes
        self._attempts = Attempts(context.store, codes)

    async def find(self, typed_code: str, pin: str, caller: Caller) -> StatusView:
        """The report with this code and PIN; an unknown code and a wrong PIN are refused alike (404).

        Counts the attempt before it compares the PIN: raises Refused (429) after too many attempts, and Unavailable when
        the attempt cannot be counted. A correct PIN is refunded.
        """
        code = read_code(typed_code)
        if code is None:
            raise _no_such_report()
        found = await reports_with_code(self._context, code)
        charged = await self._attempts.charge(code, self._identified(found, caller), self._context.clock())
        matching = [one for one in found if self._codes.verifies(one.report_id, one.pin_hash, pin)]
        if not found:
            self._codes.verifies("", _NO_HASH, pin)  # takes as long as for a report
        if not matching:
            raise _no_such_report()
        with suppress(Unavailable):  # the caller gets the report even when the refund fails
            await self._attempts.refund(charged)
        return await followed_view(self._context, matching[0])

    async def again(self, report: StatusView) -> StatusView:
        """The present state of a report that was found before."""
        return await status_of(self._context, report.report_id) or report

    def _identified(self, found: Sequence[Report], caller: Caller) -> Caller:
        """The caller, with a device of its own when it sent the secret of the report's first sender."""
        sender = caller.sender
        if sender is None:
            return caller
        own = [one for one in found if self._codes.is_sender(one.report_id, one.sender_hash, sender)]
        if not found:
            self._codes.is_sender("", _NO_HASH, sender)  # takes as long as for a report
        return replace(caller, device=own[0].report_id) if own else caller


def _no_such_report() -> Refused:
    return Refused(
        "no-such-report",
        "There is no report with this code and PIN.",
        status=404,
        fix="Copy both from the receipt: ten letters and digits, and six digits.",
    )
