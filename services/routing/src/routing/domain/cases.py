"""Cases: who handles one report, by when, and how it ended."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from routing.domain.calendar import Due
from routing.domain.history import CorrectedEntry, Entry, Happened, MoveReason, RatedEntry, SharedEntry, Staff
from routing.domain.rules import Candidate, Decision, Held, PassedOver, Reported, Route

# For this long a closing can be undone, unless the settings say otherwise.
UNDO = timedelta(minutes=10)


class Status(StrEnum):
    """The status of a case; a resolved case can be reopened."""

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
class Closing:
    """The end of a case that can still be undone; at `ends_at` the case is resolved with this outcome."""

    outcome: Outcome
    began_at: datetime
    ends_at: datetime
    timer: str
    by: Staff


@dataclass(frozen=True)
class Case:
    """What routing knows about a report, with the reasons of the decision; no name and no text of the tenant.

    `missed` are the due dates missed since the case was opened, or reopened. `followers` are the reports about the same problem,
    whose cases are merged into this one, and `voices` counts all reports about it; `left` says that its own report was withdrawn
    and theirs were not. `raised_by` explains why it became more urgent, `corrected` what the report said before the desk corrected it;
    `ratings` has one score for each closing that was rated.
    """

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
    reopened_at: datetime | None = None
    closing: Closing | None = None
    history: tuple[Entry, ...] = ()
    merged_into: str | None = None
    followers: tuple[str, ...] = ()
    voices: int = 1
    left: bool = False
    raised_by: str | None = None
    shared: tuple[SharedEntry, ...] = ()
    corrected: tuple[CorrectedEntry, ...] = ()
    ratings: tuple[RatedEntry, ...] = ()

    @property
    def is_merged(self) -> bool:
        """Whether it is looked after in another case and ends with that one."""
        return self.merged_into is not None and self.status is not Status.RESOLVED

    @property
    def score(self) -> int | None:
        """The score of the last closing; None while it has none, and for a case that was reopened since."""
        last = self.ratings[-1] if self.ratings else None
        return (
            last.score if last and (self.reopened_at is None or last.closed_at > self.reopened_at) else None
        )

    @property
    def reported(self) -> Reported:
        """The fields that the rules compare."""
        return Reported(self.category, self.kind, self.urgency, self.neighbourhood, self.province)


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
    what = Happened.OPENED if decision.held is None else Happened.HELD
    first = Entry(what, now, route=decision.route, operator=decision.operator, code=decision.held)
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
        history=(first,),
    )


def dates_to_watch(due: Due, now: datetime) -> tuple[tuple[Missed, datetime], ...]:
    """The due dates after `now`; earlier ones get no timer, so an old report that arrives late escalates nothing."""
    dates = ((Missed.CONTACT, due.contact), (Missed.COMPLETION, due.done))
    return tuple((missed, date) for missed, date in dates if date > now)


def dates_still_watched(case: Case) -> tuple[tuple[Missed, datetime], ...]:
    """The due dates that had a timer and are not recorded as missed, even when they have passed meanwhile."""
    due = Due(case.heard_at, case.contact_due_at, case.due_at)
    dates = dates_to_watch(due, case.reopened_at or case.opened_at)
    return tuple((missed, date) for missed, date in dates if missed not in case.missed)


def resolved(case: Case, outcome: Outcome, now: datetime, by: Staff | None = None) -> Case:
    """The case resolved with this outcome."""
    return replace(
        case,
        status=Status.RESOLVED,
        outcome=outcome,
        resolved_at=now,
        closing=None,
        timers=(),
        history=(*case.history, Entry(Happened.RESOLVED, now, by, code=outcome)),
    )


def rated(case: Case, score: int, closed_at: datetime, now: datetime) -> Case:
    """The case with this score of a closing, in place of a former one of the same closing."""
    others = [one for one in case.ratings if one.closed_at != closed_at]
    entry = RatedEntry(now, score, closed_at)
    return replace(case, ratings=tuple(sorted([*others, entry], key=lambda one: one.closed_at)))


def with_missed(case: Case, missed: Missed, now: datetime) -> Case:
    """The case with one more missed due date."""
    entry = Entry(Happened.MISSED, now, code=missed)
    return replace(case, missed=(*case.missed, missed), history=(*case.history, entry))


def closing_begun(case: Case, closing: Closing) -> Case:
    """The case that ends unless somebody undoes it in time; no due date is watched meanwhile."""
    entry = Entry(Happened.CLOSING, closing.began_at, closing.by, code=closing.outcome)
    return replace(case, closing=closing, timers=(), history=(*case.history, entry))


def closing_undone(case: Case, timers: tuple[str, ...], now: datetime, by: Staff) -> Case:
    """The case as it was before its closing, with the timers of its due dates."""
    entry = Entry(Happened.UNDONE, now, by)
    return replace(case, closing=None, timers=timers, history=(*case.history, entry))


def reassigned(case: Case, operator: str, reason: MoveReason, now: datetime, by: Staff) -> Case:
    """The case with this operator; its due dates stay."""
    entry = Entry(Happened.REASSIGNED, now, by, Route.OPERATOR, operator, reason)
    return _with_owner(case, Route.OPERATOR, operator, entry)


def handed_off(case: Case, route: Route, reason: MoveReason, now: datetime, by: Staff) -> Case:
    """The case with this desk; its due dates stay."""
    entry = Entry(Happened.HANDED_OFF, now, by, route, code=reason)
    return _with_owner(case, route, None, entry)


def _with_owner(case: Case, route: Route, operator: str | None, entry: Entry) -> Case:
    return replace(
        case,
        status=Status.OPEN,
        route=route,
        operator=operator,
        held=None,
        history=(*case.history, entry),
    )


def held_again(case: Case, candidates: tuple[Candidate, ...], now: datetime, by: Staff) -> Case:
    """The case without anybody to take it, because of an absence."""
    entry = Entry(Happened.HELD, now, by, code=Held.NOBODY_ELIGIBLE)
    return replace(
        case,
        status=Status.HELD,
        route=None,
        operator=None,
        held=Held.NOBODY_ELIGIBLE,
        candidates=candidates,
        history=(*case.history, entry),
    )


def reopened(
    case: Case, decision: Decision, due: Due, timers: tuple[str, ...], now: datetime, by: Staff | None
) -> Case:
    """A resolved case that is worked on again, with the due dates of a report that is made now; `by` is None for the tenant."""
    entry = Entry(Happened.REOPENED, now, by, decision.route, decision.operator)
    return replace(
        case,
        **vars(decision),
        status=Status.OPEN if decision.held is None else Status.HELD,
        contact_due_at=due.contact,
        due_at=due.done,
        missed=(),
        outcome=None,
        resolved_at=None,
        reopened_at=now,
        merged_into=None,
        overdue_at_opening=False,
        timers=timers,
        history=(*case.history, entry),
    )
