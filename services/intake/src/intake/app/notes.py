"""Notes of the staff on a report; the tenant never sees them."""

from intake.app.entries import NewEntry, ReportEntries
from intake.app.readings import Reader, Readings
from intake.domain.entries import Author, EntryKind


class Notes:
    """Adds notes to reports."""

    def __init__(self, readings: Readings, entries: ReportEntries) -> None:
        self._readings, self._entries = readings, entries

    async def add(self, report_id: str, reader: Reader, note_id: str, text: str) -> bool:
        """Add a note and return whether it was added before; raises Refused as ReportEntries.add does, and 403."""
        await self._readings.admit(report_id, reader)
        more = {"name": reader.name} if reader.name else {}
        note = NewEntry(note_id, EntryKind.NOTE, Author.STAFF, text, reader.subject, more)
        return await self._entries.add(report_id, note)
