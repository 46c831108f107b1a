"""Withdraw a report."""

from collections.abc import Mapping

from chassis.service import ServiceContext
from intake.handlers.withdraw_report import WithdrawReport


class Withdrawals:
    """Withdraws reports that the caller has found by code and PIN."""

    def __init__(self, context: ServiceContext) -> None:
        self._context = context

    async def withdraw(self, report_id: str, reason: str) -> Mapping[str, object]:
        """Withdraw a report and return its tracking code and status; raises Refused (409) when it is closed."""
        answer = await self._context.run(
            WithdrawReport(report_id, reason),
            id=f"withdrawal:{report_id}",
            key=report_id,
            correlation=report_id,
        )
        return answer.body
