"""Add an entry to a report."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from chassis.errors import Refused
from chassis.handling import Change, Moment
from contracts.intake import ReportAmended
from intake.domain.entries import MOST, Author, Entries, Entry, EntryKind, is_full, is_open_to
from intake.domain.reports import Report
from intake.handlers.documents import ENTRIES, REPORTS


@dataclass(frozen=True)
class AddEntry:
    """Add an entry, its fields encrypted; `subject` is the issuer's id of the staff member who wrote it."""

    report_id: str
    entry_id: str
    kind: EntryKind
    by: Author
    fields: Mapping[str, bytes]
    subject: str | None = None


def add_entry(command: AddEntry, report: Report | None, entries: Entries | None, moment: Moment) -> Change:
    """Add the entry, and publish ReportAmended when it is information of the tenant; the same entry again changes nothing.

    Raises Refused for a missing report (404), and for a status or a number of entries that does not allow it (409).
    """
    if report is None:
        raise Refused("no-such-report", "There is no report with this id.", status=404)
    entries = entries or Entries(report.report_id)
    if entries.has(command.entry_id):
        return Change(answer={"entry_id": command.entry_id, "known": True})
    _check(command.kind, report, entries)
    entry = Entry(command.entry_id, command.kind, command.by, moment.now, command.fields, command.subject)
    change = Change(
        write=[ENTRIES.put(replace(entries, entries=(*entries.entries, entry)))],
        answer={"entry_id": entry.id, "known": False},
    )
    if command.kind is EntryKind.INFORMATION:
        updated = replace(report, updated_at=max(report.updated_at, moment.now))
        change.write = [*change.write, REPORTS.put(updated)]
        change.events = [ReportAmended(report_id=report.report_id, what=(command.kind.value,))]
    return change


def _check(kind: EntryKind, report: Report, entries: Entries) -> None:
    if not is_open_to(report, kind):
        raise Refused(
            "report-ended",
            f"The report is {report.status.value}: nothing can be added.",
            fix="Make a new report if it is not solved.",
        )
    if is_full(entries, kind):
        raise Refused(
            "too-many-entries",
            f"The report has {MOST[kind]} entries of this kind already.",
            fix="Call the agency, or come to the listening point.",
        )
