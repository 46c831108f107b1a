"""Rate a closed report."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from chassis.errors import Refused
from chassis.handling import NOTHING, Change, Moment
from contracts.intake import ReportRated
from intake.domain.entries import Author, Entries, Entry, EntryKind
from intake.domain.ratings import closing_of
from intake.domain.reports import Report
from intake.handlers.documents import ENTRIES, REPORTS


@dataclass(frozen=True)
class RateReport:
    """The reporter says how it went, from 1 to 5; `fields` has a sentence, encrypted, or nothing."""

    report_id: str
    entry_id: str
    score: int
    fields: Mapping[str, bytes]


def rate_report(
    command: RateReport, report: Report | None, entries: Entries | None, moment: Moment
) -> Change:
    """Record the score and the sentence in place of the former ones, and publish ReportRated when the score is another one.

    Raises Refused for a missing report (404), and for one that is not closed or was closed more than 30 days ago (409).
    """
    if report is None:
        raise Refused("no-such-report", "There is no report with this code and PIN.", status=404)
    closing = closing_of(report)
    if closing is None or not closing.is_rateable(moment.now):
        raise Refused("not-rateable", "Only a report that was closed in the last 30 days can be rated.")
    before = entries or Entries(report.report_id)
    after = _with_sentence(before, command, closing.at, moment.now)
    if closing.score == command.score:
        return NOTHING if after == before else Change(write=[ENTRIES.put(after)])
    rated = replace(report, score=command.score, rated_at=moment.now)
    return Change(
        write=[REPORTS.put(rated), *([ENTRIES.put(after)] if after != before else [])],
        events=[ReportRated(report_id=report.report_id, score=command.score, closed_at=closing.at)],
    )


def _with_sentence(entries: Entries, command: RateReport, closed_at: datetime, now: datetime) -> Entries:
    """The entries with this sentence about the closing; a former one is gone, as whoever wrote it wishes."""
    others = tuple(one for one in entries.entries if one.kind != EntryKind.RATING or one.at < closed_at)
    if not command.fields:
        return replace(entries, entries=others)
    sentence = Entry(command.entry_id, EntryKind.RATING, Author.TENANT, now, command.fields)
    return replace(entries, entries=(*others, sentence))
