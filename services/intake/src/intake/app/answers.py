"""The answer of the staff, which the tenant reads on the status page once the report is closed."""

from intake.app.entries import NewEntry, ReadableEntry, ReportEntries
from intake.app.readings import Reader, Readings
from intake.domain.answers import is_current
from intake.domain.entries import Author, EntryKind
from intake.domain.reports import Report


class Answers:
    """Writes and reads the answers to reports."""

    def __init__(self, readings: Readings, entries: ReportEntries) -> None:
        self._readings, self._entries = readings, entries

    async def write(self, report_id: str, reader: Reader, answer_id: str, text: str) -> bool:
        """Write the answer in place of the present one, and return whether that was done before.

        Raises Refused as ReportEntries.add does, and 403.
        """
        await self._readings.admit(report_id, reader)
        more = {"name": reader.name} if reader.name else {}
        answer = NewEntry(answer_id, EntryKind.ANSWER, Author.STAFF, text, reader.subject, more)
        return await self._entries.add(report_id, answer)

    async def current(self, report: Report) -> ReadableEntry | None:
        """The latest answer since the report was last reopened, or None."""
        written = await self._entries.read(report.report_id, EntryKind.ANSWER)
        current = [one for one in written if is_current(report, one.at)]
        return current[-1] if current else None
