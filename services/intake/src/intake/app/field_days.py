"""What an operator's phone shows of the coming days."""

from collections.abc import Sequence
from datetime import timedelta

from chassis.service import ServiceContext
from intake.app.readings import Reader
from intake.domain.sessions import FollowUp
from intake.queries.sessions import follow_ups_between

AHEAD, BEHIND = timedelta(days=14), timedelta(days=1)


class FieldDays:
    """Reads what was agreed in the talks of an operator."""

    def __init__(self, context: ServiceContext) -> None:
        self._context = context

    async def appointments(self, reader: Reader) -> Sequence[FollowUp]:
        """The appointments of this operator from yesterday to two weeks ahead, the next first, at most 50."""
        now = self._context.clock()
        return await follow_ups_between(self._context, reader.subject, now - BEHIND, now + AHEAD)
