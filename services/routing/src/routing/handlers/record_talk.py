"""Record a talk that an operator held."""

from chassis.handling import NOTHING, Change, Moment
from contracts.intake import SessionHeld
from routing.domain.talks import Appointment, Talk
from routing.handlers.documents import TALKS


def record_talk(event: SessionHeld, talk: Talk | None, moment: Moment) -> Change:  # noqa: ARG001
    """Store what an operator did, for their day and the coordinator's; a talk that is known changes nothing."""
    if talk is not None:
        return NOTHING
    appointments = tuple(Appointment(one.at, one.what) for one in event.follow_ups)
    held = Talk(
        event.session_id,
        event.operator,
        event.neighbourhood,
        event.started_at,
        event.ended_at,
        event.report_ids,
        appointments,
        max((one.at for one in appointments), default=None),
    )
    return Change(write=[TALKS.put(held)])
