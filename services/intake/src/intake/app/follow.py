"""Follow a report: the timeline of a report that was found by code and PIN."""

from collections.abc import Sequence

from intake.app.entries import ReportEntries
from intake.domain.entries import EntryKind
from intake.domain.timeline import TimelineStep, Writing, timeline
from intake.queries.reports import ReportDocuments, StatusView


class Following:
    """Builds timelines of reports from their history and entries."""

    def __init__(self, entries: ReportEntries) -> None:
        self._entries = entries

    def timeline(self, report: StatusView, stored: ReportDocuments) -> Sequence[TimelineStep]:
        """The steps of a report, oldest first; notes of the staff are never among them."""
        kinds = (EntryKind.INFORMATION, EntryKind.ANSWER)
        found = self._entries.opened(stored.entries, stored.sealed, *kinds)
        return timeline(
            report.registered_at,
            report.history,
            [one.at for one in found if one.kind is EntryKind.INFORMATION],
            [Writing(one.at, one.text) for one in found if one.kind is EntryKind.ANSWER],
        )
