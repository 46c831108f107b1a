"""A report is taken back, and its application with it."""

from dataclasses import replace

from chassis.handling import NOTHING, Change, Moment
from contracts.intake import ReportWithdrawn
from subsidies.handlers.documents import APPLICATIONS, Application, Status


def withdraw_application(_event: ReportWithdrawn, application: Application | None, _moment: Moment) -> Change:
    """Withdraw an application that is not decided; what is decided stands."""
    if application is None or application.status not in (Status.AWAITING_DATA, Status.AWAITING_MEASURE):
        return NOTHING
    return Change(write=[APPLICATIONS.put(replace(application, status=Status.WITHDRAWN))])
