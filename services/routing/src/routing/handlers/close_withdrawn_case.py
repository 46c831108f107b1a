"""Close the case of a withdrawn report."""

from dataclasses import dataclass, replace

from chassis.errors import Early
from chassis.handling import NOTHING, Change, Moment, Timer
from contracts.intake import ReportWithdrawn
from routing.domain.cases import Case, Outcome, Status
from routing.domain.shared_cases import left_to_followers, without_follower
from routing.handlers.documents import CASES
from routing.handlers.resolve_case import close


@dataclass(frozen=True)
class FollowerLeft:
    """Timer: a report that followed this one was withdrawn, reopened on its own or merged elsewhere, with its voices."""

    report_id: str
    follower: str
    voices: int = 1


def close_withdrawn_case(event: ReportWithdrawn, case: Case | None, moment: Moment) -> Change:
    """Close the case as withdrawn unless it is resolved; one with followers goes on until intake has moved all of them.

    Raises Early while the case does not exist yet.
    """
    if case is None:
        raise Early(CASES.name, event.report_id)
    if case.status is Status.RESOLVED:
        return NOTHING
    if case.followers:
        return Change(write=[CASES.put(left_to_followers(case, moment.now))])
    change = close(case, Outcome.WITHDRAWN, moment)
    return replace(change, timers=(*change.timers, *leaving(case, moment, 1)))


def leaving(case: Case, moment: Moment, voices: int) -> tuple[Timer, ...]:
    """The timer that takes a case from the followers of the one that it is merged into, if it is."""
    if case.merged_into is None:
        return ()
    body = FollowerLeft(case.merged_into, case.report_id, voices)
    return (Timer(moment.id("left"), moment.now, body, case.merged_into),)


def drop_follower(timer: FollowerLeft, main: Case | None, moment: Moment) -> Change:
    """Count its voices no more; the case of a withdrawn report ends with its last follower."""
    if main is None or timer.follower not in main.followers:
        return NOTHING
    return end_without_voices(without_follower(main, timer.follower, main.voices - timer.voices), moment)


def end_without_voices(main: Case, moment: Moment) -> Change:
    """The change that stores a case, or ends it as withdrawn when neither its own report nor another one is left."""
    if not main.left or main.followers or main.status is Status.RESOLVED:
        return Change(write=[CASES.put(main)])
    change = close(main, Outcome.WITHDRAWN, moment)
    return replace(change, timers=(*change.timers, *leaving(main, moment, main.voices)))
