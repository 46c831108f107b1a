"""Absences of operators: the list, a preview of what one does to open cases, and its early end."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Request, Response
from pydantic import BaseModel

from chassis.errors import Refused
from routing.app.absences import Days, cover_cases, end_absence, enter_absence
from routing.domain.absences import EnteredAbsence
from routing.domain.calendar import ROME
from routing.entrypoints.pages.case import CommandForm
from routing.entrypoints.pages.desk import ABSENCES, COORDINATORS, Desk, staff_of
from routing.queries.people import absences_now, absences_of, cases_to_cover, preview
from webkit.i18n import Language
from webkit.login import Visitor

# Cases that one request gives to others; a button continues with the rest.
CHUNK = 50
A_DAY = timedelta(days=1)


class AbsenceForm(BaseModel):
    """An operator and their days, as they are written on the page."""

    command_id: UUID
    operatore: str = ""
    dal: str = ""
    al: str = ""


@dataclass(frozen=True)
class Typed:
    """What was written, and what is wrong."""

    operator: str = ""
    first: str = ""
    last: str = ""
    errors: Mapping[str, str] = field(default_factory=dict)
    status: int = 200


def day_written(text: str) -> date | None:
    """The day written as day, month and year; None for anything else."""
    try:
        return datetime.strptime(text.strip().replace("-", "/").replace(".", "/"), "%d/%m/%Y").date()  # noqa: DTZ007 - a day has no zone
    except ValueError:
        return None


class AbsencePages:
    """The pages of absences."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def list(self, request: Request, visitor: Visitor, typed: Typed | None = None) -> Response:
        """The absences that are not over, and the form for a new one."""
        typed, people = typed or Typed(), await self._desk.people()
        return self._desk.site.page(
            request,
            "staff/absences.html",
            typed.status,
            reader=visitor,
            absences=await absences_now(self._desk.context, self._desk.context.clock()),
            operators=[(one.code, one.name) for one in people.operators],
            names=people.names,
            typed=typed,
            errors=typed.errors,
        )

    async def preview(self, request: Request, visitor: Visitor, typed: Typed) -> Response:
        """Who would take each open case; or the form again with what is wrong."""
        people, now = await self._desk.people(), self._desk.context.clock()
        days, errors = self._days(typed, set(people.names), now, self._desk.site.language(request))
        if days is None:
            again = Typed(typed.operator, typed.first, typed.last, errors, 422)
            return await self.list(request, visitor, again)
        covered = await preview(self._desk.context, days.operator, days.first, days.last, now)
        return self._desk.site.page(
            request,
            "staff/absence_preview.html",
            reader=visitor,
            crumbs=self._desk.crumbs(request, "absences", ABSENCES),
            days=days,
            name=people.names[days.operator],
            names=people.names,
            moving=[(self._desk.row(one.case), one.operator) for one in covered if not one.stays],
            staying=[self._desk.row(one.case) for one in covered if one.stays],
            fields={"operatore": typed.operator, "dal": typed.first, "al": typed.last},
            command_id=self._desk.new_id(),
        )

    async def enter(self, request: Request, visitor: Visitor, form: AbsenceForm) -> Response:
        """Record the absence and have the first cases covered; or the form again with what is wrong."""
        typed = Typed(form.operatore, form.dal, form.al)
        people, now = await self._desk.people(), self._desk.context.clock()
        days, errors = self._days(typed, set(people.names), now, self._desk.site.language(request))
        status = 422
        if days is not None:
            try:
                answer = await enter_absence(
                    self._desk.context, days, staff_of(visitor), str(form.command_id)
                )
            except Refused as refused:
                errors, status = {"dal": self._desk.error(request, refused)}, refused.status
            else:
                await self._cover(visitor, str(form.command_id))
                names = {"name": people.names[days.operator]}
                return self._desk.site.redirect(request, ABSENCES, "absence-entered", answer.again, names)
        again = Typed(form.operatore, form.dal, form.al, errors, status)
        return await self.list(request, visitor, again)

    async def cover(self, request: Request, visitor: Visitor, absence_id: str) -> Response:
        """Have the next cases of an absence covered."""
        found = await self._found(absence_id)
        await self._cover(visitor, found.id)
        names = {"name": (await self._desk.people()).names.get(found.operator, "")}
        return self._desk.site.redirect(request, ABSENCES, "absence-covered", values=names)

    async def ask_to_end(
        self, request: Request, visitor: Visitor, absence_id: str, error: str = "", status: int = 200
    ) -> Response:
        """The confirmation that names the operator and the days."""
        found, people = await self._found(absence_id), await self._desk.people()
        return self._desk.site.page(
            request,
            "staff/absence_end.html",
            status,
            reader=visitor,
            crumbs=self._desk.crumbs(request, "absences", ABSENCES),
            absence=found,
            first=date.fromisoformat(found.first),
            last=date.fromisoformat(found.last),
            has_begun=found.first <= self._today().isoformat(),
            name=people.names.get(found.operator, ""),
            command_id=self._desk.new_id(),
            error=error,
        )

    async def end(self, request: Request, visitor: Visitor, absence_id: str, form: CommandForm) -> Response:
        """The operator is here from today; an absence that has not begun is dropped."""
        found = await self._found(absence_id)
        last = max(self._today(), date.fromisoformat(found.first)) - A_DAY
        try:
            answer = await end_absence(
                self._desk.context, found.id, last, staff_of(visitor), str(form.command_id)
            )
        except Refused as refused:
            error = self._desk.error(request, refused)
            return await self.ask_to_end(request, visitor, absence_id, error, refused.status)
        names = {"name": (await self._desk.people()).names.get(found.operator, "")}
        return self._desk.site.redirect(request, ABSENCES, "absence-ended", answer.again, names)

    async def _cover(self, visitor: Visitor, absence_id: str) -> None:
        left = await cases_to_cover(self._desk.context, absence_id, self._desk.context.clock())
        await cover_cases(self._desk.context, absence_id, left[:CHUNK], staff_of(visitor))

    async def _found(self, absence_id: str) -> EnteredAbsence:
        found = (await absences_of(self._desk.context)).find(absence_id)
        if found is None:
            raise Refused("unknown-absence", "There is no such absence.", 404)
        return found

    def _today(self) -> date:
        return self._desk.context.clock().astimezone(ROME).date()

    def _days(
        self, typed: Typed, known: set[str], now: datetime, language: Language
    ) -> tuple[Days | None, dict[str, str]]:
        first, last = day_written(typed.first), day_written(typed.last)
        wrong = {}
        if typed.operator not in known:
            wrong["operatore"] = "operator"
        if first is None:
            wrong["dal"] = "day"
        if last is None:
            wrong["al"] = "day"
        elif first is not None and last < first:
            wrong["al"] = "days-in-wrong-order"
        elif last < now.astimezone(ROME).date():
            wrong["al"] = "absence-in-the-past"
        errors = {name: language.label("desk-error", slug) for name, slug in wrong.items()}
        if errors or first is None or last is None:
            return None, errors
        return Days(typed.operator, first, last), {}


def absences_router(desk: Desk) -> APIRouter:
    """The routes of absences, for coordinators."""
    router, pages, lock = APIRouter(prefix=ABSENCES), AbsencePages(desk), Depends(desk.guard(*COORDINATORS))
    _serve_entering(router, pages, lock)
    _serve_early_end(router, pages, lock)
    return router


def _serve_entering(router: APIRouter, pages: AbsencePages, lock: object) -> None:
    @router.get("")
    async def show(request: Request, visitor: Annotated[Visitor, lock]) -> Response:
        return await pages.list(request, visitor)

    @router.get("/anteprima")
    async def show_preview(
        request: Request,
        visitor: Annotated[Visitor, lock],
        operatore: str = "",
        dal: str = "",
        al: str = "",
    ) -> Response:
        return await pages.preview(request, visitor, Typed(operatore[:64], dal[:20], al[:20]))

    @router.post("")
    async def enter(
        request: Request, visitor: Annotated[Visitor, lock], form: Annotated[AbsenceForm, Form()]
    ) -> Response:
        return await pages.enter(request, visitor, form)


def _serve_early_end(router: APIRouter, pages: AbsencePages, lock: object) -> None:
    @router.post("/{absence_id}/affida")
    async def cover(request: Request, absence_id: UUID, visitor: Annotated[Visitor, lock]) -> Response:
        return await pages.cover(request, visitor, str(absence_id))

    @router.get("/{absence_id}/fine")
    async def ask_to_end(request: Request, absence_id: UUID, visitor: Annotated[Visitor, lock]) -> Response:
        return await pages.ask_to_end(request, visitor, str(absence_id))

    @router.post("/{absence_id}/fine")
    async def end(
        request: Request,
        absence_id: UUID,
        visitor: Annotated[Visitor, lock],
        form: Annotated[CommandForm, Form()],
    ) -> Response:
        return await pages.end(request, visitor, str(absence_id), form)
