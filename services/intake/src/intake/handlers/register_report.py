"""Register a report."""

from dataclasses import dataclass
from datetime import datetime

from chassis.errors import Early, Refused
from chassis.handling import Change, Moment
from contracts.intake import ReportRegistered
from intake.domain.categories import Categories, Category, class_of
from intake.domain.draft_rules import Fault, closed_at_faults, heard_at_faults, subject_faults
from intake.domain.places import Place
from intake.domain.questions import Answers, raised_to
from intake.domain.reports import Report, cancelled_before, closed_before
from intake.handlers.documents import CATEGORIES, PRIVATE, REPORTS, PrivatePart


@dataclass(frozen=True)
class RegisterReport:
    """Register a report; its description, answers and contact are encrypted in `sealed`."""

    report_id: str
    tracking_code: str
    pin_hash: str
    sender_hash: str
    fingerprint: str
    category: str
    place_id: str
    channel: str
    language: str
    frail: bool
    heard_at: datetime | None
    sealed: PrivatePart
    answers: Answers | None = None
    session_id: str | None = None
    closed_at: datetime | None = None
    skew_ms: int = 0
    cancelled: bool = False


def register_report(
    command: RegisterReport,
    report: Report | None,
    sealed: PrivatePart | None,
    categories: Categories | None,
    place: Place | None,
    moment: Moment,
) -> Change:
    """Register the report and publish ReportRegistered; the same report again changes nothing.

    A report that was closed or cancelled before, in an imported list, is registered as closed or withdrawn: nobody else has to know
    of it.

    Raises Refused for another report under a used id, for one that waits for the desk (409), and for one that violates a rule.
    """
    if report is not None:
        return _known(command, report)
    if sealed is not None and sealed.key != command.sealed.key:
        raise Refused("report-waits", "This report was kept for the desk, which completes it.", 409)
    category, place = _subject(command, categories, place, moment.now)
    report = _opened(command, category, moment.now)
    events = [_registered(report, category, place)]
    if command.closed_at is not None:
        ended = cancelled_before if command.cancelled else closed_before
        report, events = ended(report, command.closed_at), []
    return Change(
        write=[REPORTS.put(report), PRIVATE.put(command.sealed)],
        events=events,
        answer=_answer(report, known=False),
    )


def _known(command: RegisterReport, report: Report) -> Change:
    if report.fingerprint != command.fingerprint:
        raise Refused(
            "id-reused",
            "Another report was made with this id.",
            status=422,
            field="report_id",
            fix="Send the first body again, or a new id with this one.",
        )
    return Change(answer=_answer(report, known=True))


def _subject(
    command: RegisterReport, categories: Categories | None, place: Place | None, now: datetime
) -> tuple[Category, Place]:
    if categories is None:
        raise Early(CATEGORIES.name, "categories")
    category = categories.category(command.category)
    found = (
        *subject_faults(category, place, command.heard_at or now, command.answers),
        *heard_at_faults(command.heard_at, now),
        *closed_at_faults(command.closed_at, command.heard_at, now),
    )
    if found or category is None or place is None:
        raise refusal(found[0])
    return category, place


def _opened(command: RegisterReport, category: Category, now: datetime) -> Report:
    return Report(
        report_id=command.report_id,
        tracking_code=command.tracking_code,
        pin_hash=command.pin_hash,
        sender_hash=command.sender_hash,
        fingerprint=command.fingerprint,
        category=command.category,
        urgency=class_of(category, command.frail, raised_to(category, command.answers or ())),
        place_id=command.place_id,
        channel=command.channel,
        language=command.language,
        heard_at=command.heard_at or now,
        registered_at=now,
        updated_at=now,
        session_id=command.session_id,
        skew_ms=command.skew_ms,
    )


def _registered(report: Report, category: Category, place: Place) -> ReportRegistered:
    return ReportRegistered(
        report_id=report.report_id,
        category=report.category,
        kind=category.kind,
        urgency=report.urgency,
        place_id=report.place_id,
        neighbourhood=place.neighbourhood,
        province=place.province,
        channel=report.channel,
        language=report.language,
        heard_at=report.heard_at,
    )


def _answer(report: Report, *, known: bool) -> dict[str, object]:
    """The inbox stores this answer too: it identifies the first sender and never contains the PIN."""
    return {"tracking_code": report.tracking_code, "known": known, "sender_hash": report.sender_hash}


def refusal(fault: Fault) -> Refused:
    """The refusal of a draft with this fault (422)."""
    return Refused(fault.slug, fault.detail, status=422, field=fault.field, fix=fault.fix)
