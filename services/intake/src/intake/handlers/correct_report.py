"""Correct a report: what it is about, where, what was written, and the contact."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from chassis.errors import Early, Refused
from chassis.handling import Change, Moment
from contracts.intake import ReportCorrected
from intake.domain.categories import Categories, class_of
from intake.domain.corrections import (
    MOST,
    Correction,
    CorrectionReason,
    Corrections,
    contribution_faults,
)
from intake.domain.draft_rules import subject_faults
from intake.domain.places import Place
from intake.domain.questions import Answers, raised_to
from intake.domain.reports import ENDED, Report, Status
from intake.handlers.documents import CATEGORIES, CORRECTIONS, PRIVATE, REPORTS, PrivatePart
from intake.handlers.register_report import refusal


@dataclass(frozen=True)
class CorrectReport:
    """Correct a report as `sealed` has it now; `before` are the parts that changed, as they were, encrypted.

    `seen` is the number of corrections that its maker knew of. `classified` says that the urgency is to be found again, because
    category, answers or frailty changed.
    """

    report_id: str
    correction_id: str
    by: str
    reason: CorrectionReason
    seen: int
    what: tuple[str, ...]
    category: str
    place_id: str
    frail: bool
    answers: Answers
    classified: bool
    before: Mapping[str, bytes]
    sealed: PrivatePart


def correct_report(
    command: CorrectReport,
    report: Report | None,
    sealed: PrivatePart | None,
    corrections: Corrections | None,
    categories: Categories | None,
    place: Place | None,
    moment: Moment,
) -> Change:
    """Write the correction, and publish ReportCorrected when category, place or urgency changed; the same again changes nothing.

    Raises Refused for a missing report (404), when somebody corrected it meanwhile, it has ended or shares another case (409),
    for erased content (410), and for a category or place that a report cannot have (422).
    """
    if report is None:
        raise Refused("no-such-report", "There is no report with this id.", 404)
    known = corrections or Corrections(report.report_id)
    if known.has(command.correction_id):
        return Change(answer={"known": True})
    if categories is None:
        raise Early(CATEGORIES.name, "categories")
    _check(command, report, sealed, known)
    after, event = _corrected(command, report, categories, place, moment)
    entry = Correction(
        command.correction_id,
        moment.now,
        command.by,
        command.reason.value,
        command.what,
        report.category,
        report.place_id,
        command.before,
    )
    return Change(
        write=[
            REPORTS.put(after),
            PRIVATE.put(command.sealed),
            CORRECTIONS.put(replace(known, corrections=(*known.corrections, entry))),
        ],
        events=[] if event is None else [event],
        answer={"known": False},
    )


def _check(command: CorrectReport, report: Report, sealed: PrivatePart | None, known: Corrections) -> None:
    moves = (command.category, command.place_id) != (report.category, report.place_id)
    if len(known.corrections) != command.seen:
        raise Refused(
            "corrected-meanwhile", "Somebody has corrected the report meanwhile.", 409, fix="Read it again."
        )
    if len(known.corrections) >= MOST:
        raise Refused("too-many-corrections", f"The report has {MOST} corrections already.", 409)
    if report.status is Status.WITHDRAWN or (moves and report.status in ENDED):
        raise Refused("report-ended", f"The report is {report.status.value}.", 409)
    if moves and report.merged_into is not None:
        raise Refused(
            "report-merged", "The report shares the case of another one.", 409, fix="Split it first."
        )
    if sealed is None or not sealed.key or sealed.key != command.sealed.key:
        raise Refused("report-erased", "The data of the report were erased.", 410)


def _corrected(
    command: CorrectReport, report: Report, categories: Categories, place: Place | None, moment: Moment
) -> tuple[Report, ReportCorrected | None]:
    """The report with the new codes, and the event when others have to know them."""
    category = categories.category(command.category)
    updated = replace(report, updated_at=max(report.updated_at, moment.now))
    moves = (command.category, command.place_id) != (report.category, report.place_id)
    if moves:
        found = (
            *contribution_faults(categories.category(report.category), category),
            *subject_faults(category, place, report.heard_at, command.answers),
        )
        if found:
            raise refusal(found[0])
    if category is None or place is None:
        return updated, None
    urgency = report.urgency
    if command.classified:
        urgency = class_of(category, command.frail, raised_to(category, command.answers))
    after = replace(updated, category=command.category, place_id=command.place_id, urgency=urgency)
    if not moves and urgency == report.urgency:
        return after, None
    if report.status in ENDED:
        return updated, None
    return after, ReportCorrected(
        report_id=report.report_id,
        category=after.category,
        kind=category.kind,
        urgency=urgency,
        place_id=after.place_id,
        neighbourhood=place.neighbourhood,
        province=place.province,
        reason=command.reason,
    )
