"""What notify shows of itself to who runs it."""

from collections.abc import Mapping

from chassis.service import Gauge, ServiceContext
from notify.domain.message import Status
from notify.handlers.documents import MESSAGES


async def oldest_pending(context: ServiceContext) -> Mapping[tuple[str, ...], float]:
    """How long the oldest message waits that has neither left nor been given up."""
    where = {"state.status": Status.PENDING.value}
    found = await context.list(MESSAGES, where, [("state.written_at", 1)], 1)
    waits = [(context.clock() - message.written_at).total_seconds() for message in found]
    return {(): max([0.0, *waits])}


GAUGES = (
    Gauge(
        "messages_oldest_pending_age_seconds",
        "Age of the oldest message that has neither left nor been given up; 0 when there is none.",
        oldest_pending,
    ),
)
