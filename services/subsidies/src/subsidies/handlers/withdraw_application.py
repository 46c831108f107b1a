"""Withdraws an application when its report is withdrawn."""

from dataclasses import replace

from chassis.handling import NOTHING, Change, Moment
from contracts.intake import ReportWithdrawn
from subsidies.domain.applications import Application, Status
from subsidies.handlers.documents import APPLICATIONS


def withdraw_application(_event: ReportWithdrawn, application: Application | None, _moment: Moment) -> Change:
    """Withdraw an open application; a decided one does not change."""
    if application is None or not application.is_open:
        return NOTHING
    return Change(write=[APPLICATIONS.put(replace(application, status=Status.WITHDRAWN))])
