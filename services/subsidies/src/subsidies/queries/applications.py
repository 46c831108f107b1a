"""Reads applications."""

from chassis.service import ServiceContext
from subsidies.domain.applications import Status
from subsidies.handlers.check_application import known
from subsidies.handlers.documents import APPLICATIONS
from subsidies.queries.views import ApplicationView, application_view


async def list_applications(
    context: ServiceContext, status: Status | None, report_id: str | None, limit: int
) -> list[ApplicationView]:
    """At most `limit` applications, the oldest first; None selects every status or report."""
    criteria = {"state.status": status and status.value, "state.report_id": report_id}
    where = {field: value for field, value in criteria.items() if value is not None}
    found = await context.list(APPLICATIONS, where, [("state.opened_at", 1)], limit)
    return [application_view(one) for one in found]


async def read_application(context: ServiceContext, application_id: str) -> ApplicationView:
    """One application; raises Refused 404 when it does not exist."""
    application = await context.load(APPLICATIONS, application_id)
    return application_view(known(application))
