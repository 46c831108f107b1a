"""The timers that let merged cases follow the case that they are merged into."""

from dataclasses import dataclass

from chassis.handling import Moment, Timer
from routing.domain.cases import Case


@dataclass(frozen=True)
class FollowMain:
    """Timer: bring a merged case in line with the main one, which ended or was reopened."""

    report_id: str
    main_id: str


def follow_timers(main: Case, moment: Moment) -> tuple[Timer, ...]:
    """One timer for each follower, due at once: each follows in a transaction of its own."""
    return tuple(
        Timer(moment.id(f"follow/{one}"), moment.now, FollowMain(one, main.report_id), one)
        for one in main.followers
    )
