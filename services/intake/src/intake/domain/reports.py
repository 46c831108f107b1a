"""A report: its public data and its status."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum


class Status(StrEnum):
    """The status of a report."""

    REGISTERED = "registered"
    HELD = "held"
    IN_CHARGE = "in-charge"
    ESCALATED = "escalated"
    CLOSED = "closed"
    WITHDRAWN = "withdrawn"


_ORDER = (Status.REGISTERED, Status.HELD, Status.IN_CHARGE, Status.ESCALATED, Status.CLOSED)
MOST_STEPS = 60
# The steps that are no status.
REASSIGNED, HANDED_OFF, REOPENED = "reassigned", "handed-off", "reopened"
MERGED, SPLIT, RAISED = "merged", "split", "raised"
CORRECTED = "corrected"
ENDED = frozenset({Status.CLOSED, Status.WITHDRAWN})
REOPENABLE = timedelta(days=30)


@dataclass(frozen=True)
class Step:
    """One step of a report: what happened and when, and the office and due date from then on.

    `code` is the outcome of a closing, or the due date that was missed.
    """

    what: str
    at: datetime
    route: str | None = None
    due_at: datetime | None = None
    code: str | None = None


@dataclass(frozen=True)
class Report:
    """One report, without personal data.

    `pin_nonce` is None while the first PIN is valid; `session_id` is the listening session that it comes from, if any.
    `merged_into` is the report about the same problem whose case it shares; `followers` are the reports that share the case of
    this one, the first to join first; `voices` counts the reports about its problem, itself included unless it was withdrawn.
    `score` is how it went in the reporter's opinion, from 1 to 5 (`ratings`).
    `skew_ms` is how far the clock of the device that took it down was behind ours.
    """

    report_id: str
    tracking_code: str
    pin_hash: str
    fingerprint: str
    category: str
    urgency: str
    place_id: str
    channel: str
    language: str
    heard_at: datetime
    registered_at: datetime
    updated_at: datetime
    status: Status = Status.REGISTERED
    route: str | None = None
    due_at: datetime | None = None
    outcome: str | None = None
    sender_hash: str | None = None
    history: tuple[Step, ...] = ()
    pin_nonce: str | None = None
    session_id: str | None = None
    merged_into: str | None = None
    voices: int = 1
    followers: tuple[str, ...] = ()
    score: int | None = None
    rated_at: datetime | None = None
    skew_ms: int = 0


def progress(status: Status) -> int:
    """The rank of a status, from 0 for registered; withdrawn ranks like closed."""
    return len(_ORDER) - 1 if status is Status.WITHDRAWN else _ORDER.index(status)


def move(
    report: Report,
    status: Status,
    now: datetime,
    *,
    what: str = "",
    route: str | None = None,
    due_at: datetime | None = None,
    code: str | None = None,
) -> Report:
    """The report after an event; its status never goes back, and a closed or withdrawn report does not change.

    `what` is the name of the step when it is not the status, `code` the outcome of a closing or the due date that was missed.
    """
    if report.status in ENDED:
        return report
    moved = replace(
        report,
        status=status if progress(status) > progress(report.status) else report.status,
        route=route or report.route,
        due_at=due_at or report.due_at,
        outcome=code if status is Status.CLOSED else report.outcome,
        updated_at=max(report.updated_at, now),
    )
    return _with_step(moved, Step(what or status.value, moved.updated_at, route, due_at, code))


def closed_before(report: Report, closed_at: datetime) -> Report:
    """The report as an imported list has it: closed before it was registered, with an outcome that nobody knows."""
    return replace(report, status=Status.CLOSED, history=(Step(Status.CLOSED.value, closed_at),))


def cancelled_before(report: Report, cancelled_at: datetime) -> Report:
    """The report as an imported list has it: taken back before it was registered."""
    step = Step(Status.WITHDRAWN.value, cancelled_at)
    return replace(report, status=Status.WITHDRAWN, history=(step,), voices=0)


def last_closing(status: Status, history: tuple[Step, ...], registered_at: datetime) -> datetime | None:
    """When a closed report was closed; None for one that is not, and for one that was closed before it was registered."""
    closings = [step.at for step in history if step.what == Status.CLOSED]
    if status is not Status.CLOSED or not closings or closings[-1] < registered_at:
        return None
    return closings[-1]


def reopen_by_tenant(report: Report, now: datetime) -> Report:
    """A closed report that nobody works on yet again, because the tenant says that it is not solved."""
    reopened = replace(
        report, status=Status.REGISTERED, route=None, due_at=None, outcome=None, updated_at=now
    )
    return _with_step(reopened, Step(REOPENED, now))


def _awaits_office(report: Report) -> bool:
    return report.status is Status.REGISTERED and any(step.what == REOPENED for step in report.history)


def reopen(report: Report, now: datetime, route: str | None, due_at: datetime) -> Report:
    """A report that is worked on again, after its closing or when the tenant reopened it; any other report does not change.

    It is held when no office has it.
    """
    if _awaits_office(report):
        return move(
            report, Status.HELD if route is None else Status.IN_CHARGE, now, route=route, due_at=due_at
        )
    if report.status is not Status.CLOSED:
        return report
    reopened = replace(
        report,
        status=Status.HELD if route is None else Status.IN_CHARGE,
        route=route,
        due_at=due_at,
        outcome=None,
        updated_at=max(report.updated_at, now),
    )
    return _with_step(reopened, Step(REOPENED, reopened.updated_at, route, due_at))


def handled_by(report: Report, route: str | None, due_at: datetime, now: datetime) -> Report:
    """The report with the office and the due date of another case, without a step; one that has ended does not change."""
    if report.status in ENDED:
        return report
    status = Status.HELD if route is None else Status.IN_CHARGE
    return replace(
        report,
        status=status if progress(status) > progress(report.status) else report.status,
        route=route,
        due_at=due_at,
        updated_at=max(report.updated_at, now),
    )


def corrected(report: Report, route: str | None, due_at: datetime, now: datetime) -> Report:
    """The report once the rules have decided again, because the desk corrected it; one that has ended does not change."""
    after = handled_by(report, route, due_at, now)
    if after == report:
        return report
    return _with_step(after, Step(CORRECTED, after.updated_at, route, due_at))


def joined(report: Report, main: Report, now: datetime) -> tuple[Report, Report]:
    """Two reports about one problem: the first shares the case of the second, which counts the voices of both."""
    at = max(report.updated_at, now)
    joining = _with_step(replace(report, merged_into=main.report_id, updated_at=at), Step(MERGED, at))
    followers = (*main.followers, report.report_id)
    return joining, replace(main, voices=main.voices + report.voices, followers=followers)


def parted(report: Report, main: Report, now: datetime) -> tuple[Report, Report]:
    """Two reports that were about one problem, each on its own again, with the voices that each had."""
    at = max(report.updated_at, now)
    alone = _with_step(replace(report, merged_into=None, updated_at=at), Step(SPLIT, at))
    return alone, without_follower(main, report.report_id, report.voices)


def without_follower(main: Report, follower: str | None, voices: int) -> Report:
    """The report without one that shared its case, and without so many voices."""
    followers = tuple(one for one in main.followers if one != follower)
    return replace(main, voices=max(0, main.voices - voices), followers=followers)


def _with_step(report: Report, step: Step) -> Report:
    """The report with one more step; a repeated step is left out, and the oldest of too many."""
    last = report.history[-1] if report.history else None
    if last is not None and replace(last, at=step.at) == step:
        return report
    return replace(report, history=(*report.history, step)[-MOST_STEPS:])
