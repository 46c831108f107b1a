"""Cases: who handles one report, by when, and how it ended."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from routing.domain.calendar import Due
from routing.domain.rules import Candidate, Decision, Held, PassedOver, Reported, Route


class Status(StrEnum):
    """The status of a case; resolved is final."""

    OPEN = "open"
    HELD = "held"
    RESOLVED = "resolved"


class Missed(StrEnum):
    """Which of the two due dates has passed."""

    CONTACT = "contact"
    COMPLETION = "completion"


class Outcome(StrEnum):
    """How a case ended; only the tenant sets `withdrawn`."""

    SOLVED = "solved"
    HANDED_OFF = "handed-off"
    UNFOUNDED = "unfounded"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True)
class Case:
    """What routing knows about a report, with the reasons of the decision; no name and no text of the tenant."""

    report_id: str
    status: Status
    category: str
    kind: str
    urgency: str
    neighbourhood: str
    province: str
    place_id: str
    heard_at: datetime
    opened_at: datetime
    contact_due_at: datetime
    due_at: datetime
    rule: str
    rules_version: str
    why: str
    route: Route | None = None
    operator: str | None = None
    held: Held | None = None
    candidates: tuple[Candidate, ...] = ()
    passed_over: tuple[PassedOver, ...] = ()
    overdue_at_opening: bool = False
    timers: tuple[str, ...] = ()
    missed: tuple[Missed, ...] = ()
    outcome: Outcome | None = None
    resolved_at: datetime | None = None


def opened(
    report_id: str,
    place_id: str,
    reported: Reported,
    decision: Decision,
    due: Due,
    now: datetime,
    timers: tuple[str, ...],
) -> Case:
    """A new case, open or held according to the decision; a due date that has already passed is only recorded."""
    return Case(
        **vars(reported),
        **vars(decision),
        report_id=report_id,
        place_id=place_id,
        status=Status.OPEN if decision.held is None else Status.HELD,
        heard_at=due.heard_at,
        opened_at=now,
        contact_due_at=due.contact,
        due_at=due.done,
        overdue_at_opening=min(due.contact, due.done) <= now,
        timers=timers,
    )


def dates_to_watch(due: Due, now: datetime) -> tuple[tuple[Missed, datetime], ...]:
    """The due dates after `now`; earlier ones get no timer, so an old report that arrives late escalates nothing."""
    dates = ((Missed.CONTACT, due.contact), (Missed.COMPLETION, due.done))
    return tuple((missed, date) for missed, date in dates if date > now)


def resolved(case: Case, outcome: Outcome, now: datetime) -> Case:
    """The case resolved with this outcome."""
    return replace(case, status=Status.RESOLVED, outcome=outcome, resolved_at=now)


def with_missed(case: Case, missed: Missed) -> Case:
    """The case with one more missed due date."""
    return replace(case, missed=(*case.missed, missed))
