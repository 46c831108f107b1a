"""What intake shows of itself to who runs it."""

from collections.abc import Mapping

from chassis.service import Gauge, ServiceContext
from intake.domain.reports import Status
from intake.handlers.documents import REPORTS


async def oldest_unanswered(context: ServiceContext) -> Mapping[tuple[str, ...], float]:
    """How long the oldest report waits of which intake has not heard that anybody looks after it."""
    where = {"state.status": Status.REGISTERED.value}
    found = await context.list(REPORTS, where, [("state.registered_at", 1)], 1)
    waits = [(context.clock() - report.registered_at).total_seconds() for report in found]
    return {(): max([0.0, *waits])}


GAUGES = (
    Gauge(
        "reports_oldest_unanswered_age_seconds",
        "Age of the oldest report that nobody is known to look after; 0 when there is none.",
        oldest_unanswered,
    ),
)
