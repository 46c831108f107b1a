"""The public reports of the last year, page by page, for the list that everybody reads."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from chassis.service import ServiceContext
from intake.app.public_requests import PublicRequest, PublicRequests
from intake.app.registers import Registers
from intake.domain.public_reports import STATUSES
from intake.domain.reports import Report
from intake.queries.public_reports import Selection, selected_reports

PAGE_SIZE = 20
LISTED = timedelta(days=365)
# Reports of an imported list may have been registered in one millisecond: they are on one page.
_AT_ONCE = 100
_TICK = timedelta(milliseconds=1)


@dataclass(frozen=True)
class ListFilter:
    """Which reports: an empty text selects all; `before` is where an earlier page ended."""

    neighbourhood: str = ""
    category: str = ""
    status: str = ""
    before: datetime | None = None


@dataclass(frozen=True)
class ListPage:
    """A page of the list, the latest registered first; `older` is where the next one begins, None for the last one."""

    rows: Sequence[PublicRequest]
    older: datetime | None


class PublicList:
    """Lists what everybody may see; a page costs the same however many reports there are."""

    def __init__(self, context: ServiceContext, registers: Registers, requests: PublicRequests) -> None:
        self._context, self._registers, self._requests = context, registers, requests

    async def page(self, wanted: ListFilter) -> ListPage:
        """The reports selected that were registered in the last 365 days; an unknown code selects nothing."""
        found = await selected_reports(self._context, await self._selection(wanted), PAGE_SIZE + _AT_ONCE)
        rows = _first_page(found)
        older = rows[-1].registered_at if len(rows) < len(found) else None
        return ListPage(await self._requests.shown(rows), older)

    async def _selection(self, wanted: ListFilter) -> Selection:
        now = self._context.clock()
        codes = [
            one.code
            for one in (await self._registers.categories()).categories
            if one.is_public and wanted.category in ("", one.code)
        ]
        chosen = STATUSES.values() if not wanted.status else [STATUSES.get(wanted.status, ())]
        places = [
            one.id
            for one in (await self._registers.places()).places
            if one.neighbourhood == wanted.neighbourhood
        ]
        return Selection(
            codes,
            [status for found in chosen for status in found],
            places if wanted.neighbourhood else None,
            registered=(now - LISTED, now if wanted.before is None else wanted.before - _TICK),
        )


def _first_page(reports: Sequence[Report]) -> Sequence[Report]:
    """The first ones, and those that were registered at the same moment as the last of them."""
    if len(reports) <= PAGE_SIZE:
        return reports
    last = reports[PAGE_SIZE - 1].registered_at
    return [one for one in reports if one.registered_at >= last]
