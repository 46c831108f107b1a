"""Reopen a closed report."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from chassis.errors import Refused
from chassis.handling import Change, Moment
from contracts.intake import ReportReopened
from intake.domain.entries import Author, Entries, Entry, EntryKind
from intake.domain.reports import REOPENABLE, Report, last_closing, reopen_by_tenant
from intake.handlers.documents import ENTRIES, REPORTS
from intake.handlers.merge_reports import lost_voices


@dataclass(frozen=True)
class ReopenReport:
    """The reporter says that a closed report is not solved, and why, encrypted."""

    report_id: str
    entry_id: str
    fields: Mapping[str, bytes]


def reopen_report(
    command: ReopenReport, report: Report | None, entries: Entries | None, moment: Moment
) -> Change:
    """Reopen the report within 30 days of its closing and publish ReportReopened; the same reopening again changes nothing.

    One that shared the case of another report has its own from then on. Raises Refused for a missing report (404), and for one that is not closed or was closed too long ago (409).
    """
    if report is None:
        raise Refused("no-such-report", "There is no report with this code and PIN.", status=404)
    entries = entries or Entries(report.report_id)
    if entries.has(command.entry_id):
        return Change(answer={"known": True})
    closed_at = last_closing(report.status, report.history, report.registered_at)
    if closed_at is None or moment.now > closed_at + REOPENABLE:
        raise Refused(
            "not-reopenable",
            "Only a report that was closed in the last 30 days can be reopened.",
            fix="Make a new report if it is not solved.",
        )
    entry = Entry(command.entry_id, EntryKind.REOPENING, Author.TENANT, moment.now, command.fields)
    alone = replace(report, merged_into=None)
    return Change(
        write=[
            REPORTS.put(reopen_by_tenant(alone, moment.now)),
            ENTRIES.put(replace(entries, entries=(*entries.entries, entry))),
        ],
        events=[ReportReopened(report_id=report.report_id, closed_at=closed_at)],
        timers=lost_voices(report, report.voices, moment, report.report_id),
        answer={"known": False},
    )
