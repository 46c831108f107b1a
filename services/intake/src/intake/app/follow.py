"""Follow a report: the timeline of a report that was found by code and PIN."""

from collections.abc import Sequence

from intake.app.entries import ReportEntries
from intake.domain.entries import EntryKind
from intake.domain.timeline import TimelineStep, Writing, timeline
from intake.queries.reports import StatusView


class Following:
    """Builds timelines of reports from their history and entries."""

    def __init__(self, entries: ReportEntries) -> None:
        self._entries = entries

    async def timeline(self, report: StatusView) -> Sequence[TimelineStep]:
        """The steps of a report, oldest first; notes of the staff are never among them."""
        found = await self._entries.read(report.report_id, EntryKind.INFORMATION, EntryKind.ANSWER)
        return timeline(
            report.registered_at,
            report.history,
            [one.at for one in found if one.kind is EntryKind.INFORMATION],
            [Writing(one.at, one.text) for one in found if one.kind is EntryKind.ANSWER],
        )
