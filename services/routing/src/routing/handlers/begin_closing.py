"""Begin to close a case, undo it, and close it when nobody has undone it."""

from dataclasses import dataclass
from datetime import timedelta

from chassis.errors import Refused
from chassis.handling import NOTHING, Change, Moment, Timer
from routing.domain.cases import (
    UNDO,
    Case,
    Closing,
    Outcome,
    closing_begun,
    closing_undone,
    dates_still_watched,
)
from routing.domain.history import Staff
from routing.handlers.documents import CASES
from routing.handlers.escalate_case import due_timers
from routing.handlers.refusals import unresolved, workable
from routing.handlers.resolve_case import close


@dataclass(frozen=True)
class BeginClosing:
    """Close this case with this outcome, unless somebody undoes it within the time `undo`."""

    report_id: str
    outcome: Outcome
    by: Staff
    undo: timedelta = UNDO


@dataclass(frozen=True)
class UndoClosing:
    """Leave this case as it was before its closing began."""

    report_id: str
    by: Staff


@dataclass(frozen=True)
class ClosingElapsed:
    """Timer: the time to undo a closing is over."""

    report_id: str
    timer: str


def begin_closing(command: BeginClosing, case: Case | None, moment: Moment) -> Change:
    """Start the time in which the closing can be undone; nothing is published yet.

    Raises Refused when there is no case, when it is resolved, or while it is being closed.
    """
    case = workable(case)
    name, ends_at = moment.id("closing"), moment.now + command.undo
    timer = Timer(name, ends_at, ClosingElapsed(command.report_id, name), command.report_id)
    closing = Closing(command.outcome, moment.now, ends_at, name, command.by)
    return Change(
        write=[CASES.put(closing_begun(case, closing))],
        timers=[timer],
        cancel=case.timers,
        answer={"report_id": case.report_id, "outcome": command.outcome.value},
    )


def undo_closing(command: UndoClosing, case: Case | None, moment: Moment) -> Change:
    """Take a closing back; a due date that has passed meanwhile is escalated at once.

    Raises Refused when there is no case, when it is resolved already, or when nobody is closing it.
    """
    case = unresolved(case)
    if case.closing is None:
        raise Refused("not-closing", "Nobody is closing this case.", fix="Nothing is left to undo.")
    timers = due_timers(case.report_id, dates_still_watched(case), moment)
    watched = tuple(timer.id for timer in timers)
    return Change(
        write=[CASES.put(closing_undone(case, watched, moment.now, command.by))],
        timers=timers,
        cancel=[case.closing.timer],
        answer={"report_id": case.report_id},
    )


def finish_closing(timer: ClosingElapsed, case: Case | None, moment: Moment) -> Change:
    """Resolve a case whose closing, for which this timer was started, was not undone."""
    if case is None or case.closing is None or case.closing.timer != timer.timer:
        return NOTHING
    return close(case, case.closing.outcome, moment, case.closing.by)
