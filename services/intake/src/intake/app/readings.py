"""Show staff what a tenant wrote: nobody reads it without the right to and without a line in the audit."""

from collections.abc import Sequence
from dataclasses import dataclass

from chassis.errors import Refused
from chassis.service import ServiceContext
from intake.app.contents import Content, Contents, FullReport
from intake.app.entries import ReadableEntry, ReportEntries
from intake.app.registers import Registers
from intake.domain.answers import is_current
from intake.domain.entries import EntryKind
from intake.domain.ratings import closing_of
from intake.domain.readers import Part, may_read
from intake.domain.reports import Report
from intake.queries.readings import READ, ReadingView, readings_of
from intake.queries.reports import report_of


@dataclass(frozen=True)
class Reader:
    """Somebody of the staff: the issuer's id, the roles, and the name where it is known."""

    subject: str
    roles: frozenset[str]
    name: str = ""


@dataclass(frozen=True)
class Dossier:
    """All that a report has: its content, or None when that was erased, its entries, oldest first, the present answer,
    and the sentence with which its reporter rated the present closing."""

    report: Report
    content: Content | None
    information: Sequence[ReadableEntry]
    notes: Sequence[ReadableEntry]
    answer: ReadableEntry | None
    sentence: ReadableEntry | None = None

    @property
    def score(self) -> int | None:
        """How the last closing went in the reporter's opinion, from 1 to 5, or None."""
        closing = closing_of(self.report)
        return None if closing is None else closing.score


class Readings:
    """Reads reports for staff."""

    def __init__(
        self, context: ServiceContext, contents: Contents, entries: ReportEntries, registers: Registers
    ) -> None:
        self._context, self._registers = context, registers
        self._contents, self._entries = contents, entries

    async def admit(self, report_id: str, reader: Reader) -> Report:
        """The public part of a report that this reader may read; raises Refused (404 or 403)."""
        report = await report_of(self._context, report_id)
        if report is None:
            raise Refused("no-such-report", "There is no report with this id.", status=404)
        category = (await self._registers.categories()).category(report.category)
        if not may_read(reader.roles, category):
            raise Refused("not-your-report", "Officers read reports about contributions only.", status=403)
        return report

    async def read(self, report_id: str, reader: Reader, part: Part) -> FullReport:
        """A report with its content, after the audit has a line of who reads it.

        Raises Refused (404 or 403), and Unavailable when the line cannot be written: then nothing is decrypted.
        """
        await self.admit(report_id, reader)
        details = {"report_id": report_id, "roles": sorted(reader.roles), "part": part.value}
        await self._context.audit(reader.subject, READ, details)
        return await self._contents.read(report_id)

    async def open(self, report_id: str, reader: Reader, part: Part) -> Dossier:
        """A report with its content and its entries; promises and raises what `read` does."""
        full = await self.read(report_id, reader, part)
        found = await self._entries.read(report_id, *EntryKind)
        answers = [one for one in found if one.kind is EntryKind.ANSWER and is_current(full.report, one.at)]
        sentences = [one for one in found if one.kind is EntryKind.RATING and is_current(full.report, one.at)]
        return Dossier(
            report=full.report,
            content=full.content,
            information=[one for one in found if one.kind in (EntryKind.INFORMATION, EntryKind.REOPENING)],
            notes=[one for one in found if one.kind is EntryKind.NOTE],
            answer=answers[-1] if answers else None,
            sentence=sentences[-1] if sentences else None,
        )

    async def of(self, report_id: str) -> Sequence[ReadingView]:
        """Who read this report, latest first."""
        return await readings_of(self._context, report_id)
