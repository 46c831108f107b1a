"""A case: one report, who looks after it, by when, and how it ended."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from routing.domain.calendar import Due
from routing.domain.rules import Candidate, Decision, Held, PassedOver, Reported, Route


class Status(StrEnum):
    """Where a case stands; a resolved case stays resolved."""

    OPEN = "open"
    HELD = "held"
    RESOLVED = "resolved"


class Missed(StrEnum):
    """Which of the two dates has passed."""

    CONTACT = "contact"
    COMPLETION = "completion"


class Outcome(StrEnum):
    """How a case ended; `withdrawn` is the tenant's own word and nobody else's."""

    SOLVED = "solved"
    HANDED_OFF = "handed-off"
    UNFOUNDED = "unfounded"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True)
class Case:
    """Everything routing knows about a report; no name, no text, and why it went where it went."""

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
    """A new case, open or held as the decision says; a date that has passed already is only recorded."""
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
    """The dates still to come: only those can be missed from now on, so an old report that comes late alarms nobody."""
    dates = ((Missed.CONTACT, due.contact), (Missed.COMPLETION, due.done))
    return tuple((missed, date) for missed, date in dates if date > now)


def resolved(case: Case, outcome: Outcome, now: datetime) -> Case:
    """The case as it ends."""
    return replace(case, status=Status.RESOLVED, outcome=outcome, resolved_at=now)


def late(case: Case, missed: Missed) -> Case:
    """The case with one more date missed."""
    return replace(case, missed=(*case.missed, missed))
