"""The page of a case: its facts, its reasons and its history."""

from collections.abc import Mapping
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Request, Response
from pydantic import BaseModel

from chassis.errors import Refused
from routing.app.close import undo_closing
from routing.domain.cases import Case, Status
from routing.domain.history import CorrectedEntry, Entry, Happened, RatedEntry, SharedEntry
from routing.entrypoints.pages.desk import HOME, Desk, page_of, staff_of, start_of
from webkit.i18n import Language
from webkit.i18n.formats import date_and_hour
from webkit.login import Visitor

Other = SharedEntry | CorrectedEntry | RatedEntry


class CommandForm(BaseModel):
    """A form of one button; its id is made with the page, so that a second submit changes nothing."""

    command_id: UUID


class CasePage:
    """Shows a case, and takes back its closing."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def show(
        self, request: Request, visitor: Visitor, report_id: str, error: str = "", status: int = 200
    ) -> Response:
        """The page of a case, below an error message if there is one."""
        case, people = await self._desk.case(report_id), await self._desk.people()
        me, now = people.of(visitor), self._desk.context.clock()
        whys = {rule.name: rule.why for rule in people.register.rules.rules} if people.register else {}
        language = self._desk.site.language(request)
        return self._desk.site.page(
            request,
            "staff/case.html",
            status,
            reader=visitor,
            crumbs=self._desk.crumbs(request, *start_of(visitor)),
            row=self._desk.row(case),
            case=case,
            place_of=page_of(case.report_id),
            names=people.names,
            me=me.code if me else "",
            steps=history_steps(case, people.names, language),
            passed=[(whys[one.rule], one.failing) for one in case.passed_over if one.rule in whys],
            is_resolved=case.status is Status.RESOLVED,
            command_id=self._desk.new_id(),
            now=now,
            error=error,
            seconds_left=int((case.closing.ends_at - now).total_seconds()) if case.closing else 0,
        )

    async def undo(self, request: Request, visitor: Visitor, report_id: str, form: CommandForm) -> Response:
        """Take a closing back and return to the case; a refusal is shown on the page of the case."""
        case = await self._desk.case(report_id)
        try:
            answer = await undo_closing(
                self._desk.context, case.report_id, staff_of(visitor), str(form.command_id)
            )
        except Refused as refused:
            error = self._desk.error(request, refused)
            return await self.show(request, visitor, report_id, error, refused.status)
        return self._desk.done(request, page_of(case.report_id), "closing-undone", case, answer)


def history_steps(case: Case, names: Mapping[str, str], language: Language) -> list[dict[str, str]]:
    """The history of a case, for a timeline; the last step is the present one until the case is resolved."""
    others: list[Other] = [*case.shared, *case.corrected, *case.ratings]
    entries = sorted([*case.history, *others], key=lambda entry: entry.at)
    steps = [
        _step(entry, names, language) if isinstance(entry, Entry) else _other_step(entry, language)
        for entry in entries
    ]
    if steps and case.status is not Status.RESOLVED:
        steps[-1]["state"] = "late" if entries[-1].what is Happened.MISSED else "current"
    return steps


def _other_step(entry: Other, language: Language) -> dict[str, str]:
    score = entry.score if isinstance(entry, RatedEntry) else None
    return {
        "title": language.label("shared", entry.what),
        "at": date_and_hour(entry.at, language),
        "by": language.label("by", "reporter" if score else "system"),
        "text": language.label("score", str(score)) if score else "",
        "state": "done",
    }


def _step(entry: Entry, names: Mapping[str, str], language: Language) -> dict[str, str]:
    return {
        "title": language.label("happened", entry.what),
        "at": date_and_hour(entry.at, language),
        "by": (entry.by.name if entry.by else "") or language.label("by", "system"),
        "text": _text(entry, names, language),
        "state": "late" if entry.what is Happened.MISSED else "done",
    }


def _text(entry: Entry, names: Mapping[str, str], language: Language) -> str:
    parts = []
    if entry.operator is not None:
        parts.append(names.get(entry.operator) or language.label("route", "operator"))
    elif entry.route is not None:
        parts.append(language.label("route", entry.route))
    if entry.code is not None:
        parts.append(language.label(f"history-{entry.what}", entry.code))
    return " · ".join(parts)


def case_router(desk: Desk) -> APIRouter:
    """The routes of a case."""
    router, pages, staff = APIRouter(prefix=HOME), CasePage(desk), Depends(desk.guard())

    @router.get("/{report_id}")
    async def show_case(request: Request, report_id: str, visitor: Annotated[Visitor, staff]) -> Response:
        return await pages.show(request, visitor, report_id)

    @router.post("/{report_id}/annulla")
    async def undo(
        request: Request,
        report_id: str,
        visitor: Annotated[Visitor, staff],
        form: Annotated[CommandForm, Form()],
    ) -> Response:
        return await pages.undo(request, visitor, report_id, form)

    return router
