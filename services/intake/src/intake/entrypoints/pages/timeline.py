"""The timeline of a report in the words of the reader."""

from collections.abc import Mapping, Sequence

from intake.domain.reports import Status
from intake.domain.timeline import TimelineStep
from intake.queries.reports import StatusView
from webkit.i18n import Language
from webkit.i18n.formats import day, day_and_hour

Row = Mapping[str, str]


def timeline_rows(steps: Sequence[TimelineStep], report: StatusView, language: Language) -> Sequence[Row]:
    """The steps, and while the report is open what comes next and by when."""
    rows = [_row(one, language) for one in steps]
    rows[-1] = {**rows[-1], "state": _state(steps[-1], is_last=not report.ended)}
    if not report.ended and report.due_at is not None:
        title = language.label("step", "next")
        text = language.label("step-due", "due", None, day=day(report.due_at, language))
        rows.append({"title": title, "at": "", "by": "", "text": text, "state": "next"})
    return rows


def _row(shown: TimelineStep, language: Language) -> Row:
    step = shown.step
    return {
        "title": language.label("step", step.what),
        "at": day_and_hour(step.at, language),
        "by": language.label("route", step.route) if step.route else "",
        "text": _text(shown, language),
        "state": _state(shown, is_last=False),
    }


def _text(shown: TimelineStep, language: Language) -> str:
    step = shown.step
    if step.what == Status.CLOSED and step.code:
        return language.label("outcome", step.code)
    if step.due_at is not None:
        return language.label("step-due", "due", None, day=day(step.due_at, language))
    return language.label("step-text", step.what)


def _state(shown: TimelineStep, *, is_last: bool) -> str:
    if shown.step.what == Status.ESCALATED:
        return "late"
    return "current" if is_last else "done"
