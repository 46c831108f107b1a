"""The gauges and counters of intake."""

from collections.abc import Mapping

from chassis.service import Gauge, ServiceContext
from intake.app.mail_counts import MailCounts
from intake.app.photo_counts import PhotoCounts
from intake.queries import reports


async def oldest_unanswered(context: ServiceContext) -> Mapping[tuple[str, ...], float]:
    """The age of the oldest report in status registered, in seconds; 0 when there is none."""
    registered_at = await reports.oldest_unanswered(context)
    age = (context.clock() - registered_at).total_seconds() if registered_at else 0.0
    return {(): max(0.0, age)}


COUNTS, MAIL_COUNTS = PhotoCounts(), MailCounts()  # of this process
GAUGES = (
    Gauge(
        "reports_oldest_unanswered_age_seconds",
        "Age of the oldest report that nobody is known to look after; 0 when there is none.",
        oldest_unanswered,
    ),
)
