"""Cases of reports about one problem: one of them is worked on, the others follow it."""

from dataclasses import replace
from datetime import datetime

from routing.domain.calendar import Due
from routing.domain.cases import Case
from routing.domain.history import Shared, SharedEntry
from routing.domain.rules import Raise


def merged(case: Case, main: Case, now: datetime) -> Case:
    """The case that is looked after in another one; its due dates are not watched, and its closing is off."""
    return replace(
        case,
        merged_into=main.report_id,
        closing=None,
        timers=(),
        shared=(*case.shared, SharedEntry(Shared.MERGED, now, main.report_id)),
    )


def followed(main: Case, follower: str, voices: int, now: datetime) -> Case:
    """The case with one more report about its problem."""
    return replace(
        main,
        followers=(*main.followers, follower),
        voices=voices,
        shared=(*main.shared, SharedEntry(Shared.JOINED, now, follower)),
    )


def without_follower(main: Case, follower: str, voices: int) -> Case:
    """The case with one report fewer about its problem, and at least one voice."""
    left = tuple(one for one in main.followers if one != follower)
    return replace(main, followers=left, voices=max(1, voices))


def split(case: Case, timers: tuple[str, ...], now: datetime) -> Case:
    """The case on its own again, for whoever had it before."""
    entry = SharedEntry(Shared.SPLIT, now, case.merged_into)
    return replace(case, merged_into=None, timers=timers, shared=(*case.shared, entry))


def left_to_followers(case: Case, now: datetime) -> Case:
    """The case whose own report was withdrawn, and which goes on until no other report follows it."""
    entry = SharedEntry(Shared.LEFT, now)
    return replace(case, left=True, voices=max(1, case.voices - 1), shared=(*case.shared, entry))


def raised(case: Case, rule: Raise, due: Due, now: datetime) -> Case:
    """The case with the urgency that this rule gives it, and due dates that are never later than before."""
    return replace(
        case,
        urgency=rule.raised_to,
        raised_by=rule.why,
        contact_due_at=min(due.contact, case.contact_due_at),
        due_at=min(due.done, case.due_at),
        shared=(*case.shared, SharedEntry(Shared.RAISED, now, code=rule.name)),
    )
