"""The gauges that notify exports besides those of every service."""

from collections.abc import Mapping

from chassis.service import Gauge, ServiceContext
from notify.queries.messages import oldest_pending_age


async def oldest_pending(context: ServiceContext) -> Mapping[tuple[str, ...], float]:
    """The age of the oldest pending message in seconds, never negative."""
    return {(): max(0.0, (await oldest_pending_age(context)).total_seconds())}


GAUGES = (
    Gauge(
        "messages_oldest_pending_age_seconds",
        "Age of the oldest message that is neither sent, failed nor suppressed; 0 when there is none.",
        oldest_pending,
    ),
)
