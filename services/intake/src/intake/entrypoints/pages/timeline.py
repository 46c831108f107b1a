"""The timeline of a report in the words of the reader."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from intake.domain.reports import Status
from intake.domain.timeline import TimelineStep
from intake.queries.reports import StatusView
from webkit.i18n import Language
from webkit.i18n.formats import day, day_and_hour

Row = Mapping[str, str]


def timeline_rows(steps: Sequence[TimelineStep], report: StatusView, language: Language) -> Sequence[Row]:
    """The steps, and while the report is open what comes next and by when."""
    coming = None if report.ended else report.due_at
    rows = [_row(one, coming, language) for one in steps]
    rows[-1] = {**rows[-1], "state": _state(steps[-1], is_last=not report.ended)}
    if coming is not None:
        title = language.label("step", "next")
        text = language.label("step-due", "due", None, day=day(coming, language))
        rows.append({"title": title, "at": "", "by": "", "text": text, "state": "next"})
    return rows


def _row(shown: TimelineStep, coming: datetime | None, language: Language) -> Row:
    step = shown.step
    return {
        "title": language.label("step", step.what),
        "at": day_and_hour(step.at, language),
        "by": language.label("route", step.route) if step.route else "",
        "text": _text(shown, coming, language),
        "state": _state(shown, is_last=False),
    }


def _text(shown: TimelineStep, coming: datetime | None, language: Language) -> str:
    """What a step means; the due date that is still coming stands at the end, once."""
    step = shown.step
    if step.what == Status.CLOSED and step.code:
        return language.label("outcome", step.code)
    if step.due_at is not None and step.due_at == coming:
        return ""
    if step.due_at is not None:
        return language.label("step-due", "due", None, day=day(step.due_at, language))
    return language.label("step-text", step.what)


def _state(shown: TimelineStep, *, is_last: bool) -> str:
    if shown.step.what == Status.ESCALATED:
        return "late"
    return "current" if is_last else "done"
