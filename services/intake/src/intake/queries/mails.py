"""Queries for what became of mails."""

from collections.abc import Sequence

from chassis.documents import Index
from chassis.service import ServiceContext
from intake.domain.mails import Mail
from intake.handlers.documents import MAILS

# No mail server delivers a mail again after so long.
_KEPT_SECONDS = 90 * 24 * 3600
INDEXES = (
    Index(MAILS.name, (("state.received_at", 1),), expire_after=_KEPT_SECONDS),
    Index(MAILS.name, (("state.report_id", 1),)),
)
_MOST = 100


async def mails_of(context: ServiceContext, report_id: str) -> Sequence[Mail]:
    """The mails that belong to a report or a waiting item, oldest first."""
    return await context.list(MAILS, {"state.report_id": report_id}, [("state.received_at", 1)], _MOST)
