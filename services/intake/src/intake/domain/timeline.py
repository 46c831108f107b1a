"""The timeline of a report: what happened to it, when, by which office, and what is due next."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from intake.domain.reports import REOPENED, Status, Step


@dataclass(frozen=True)
class Writing:
    """A text about a report, and when it was written."""

    at: datetime
    text: str | None


@dataclass(frozen=True)
class TimelineStep:
    """One step as a page shows it; `answer` is what the staff wrote to the tenant when they closed the report."""

    step: Step
    answer: str | None = None


def timeline(
    registered_at: datetime,
    history: Sequence[Step],
    information: Sequence[datetime],
    answers: Sequence[Writing],
) -> tuple[TimelineStep, ...]:
    """The steps of a report, oldest first; a closing has the last answer that was written before the report was reopened."""
    steps = [
        Step("registered", registered_at),
        *history,
        *(Step("information", at) for at in information),
    ]
    steps.sort(key=lambda step: step.at)
    reopenings = [step.at for step in history if step.what == REOPENED]
    return tuple(
        TimelineStep(step, _answer(step, reopenings, answers) if step.what == Status.CLOSED else None)
        for step in steps
    )


def _answer(closing: Step, reopenings: Sequence[datetime], answers: Sequence[Writing]) -> str | None:
    begins = max((at for at in reopenings if at <= closing.at), default=None)
    ends = min((at for at in reopenings if at > closing.at), default=None)
    fitting = [
        one.text
        for one in answers
        if (begins is None or one.at >= begins) and (ends is None or one.at < ends)
    ]
    return fitting[-1] if fitting else None
