"""Reopening a case, and giving it to another operator or to a desk."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Request, Response
from pydantic import BaseModel

from chassis.errors import Refused
from chassis.service import Answer
from routing.app.move import hand_off_case, reassign_case
from routing.app.reopen import reopen_case
from routing.domain.calendar import ROME
from routing.domain.cases import Case
from routing.domain.history import MoveReason
from routing.domain.rules import Route
from routing.entrypoints.pages.case import CommandForm
from routing.entrypoints.pages.desk import HOME, Desk, page_of, staff_of
from routing.queries.people import operators_here
from webkit.login import Visitor

DESKS = tuple(route for route in Route if route is not Route.OPERATOR)
REASONS = tuple(MoveReason)


class MoveForm(BaseModel):
    """To whom a case goes, and why."""

    command_id: UUID
    a: str = ""
    motivo: str = ""


@dataclass(frozen=True)
class Typed:
    """What was chosen, and what is wrong."""

    to: str = ""
    reason: str = ""
    errors: Mapping[str, str] = field(default_factory=dict)
    status: int = 200


class MovePages:
    """The pages that move a case."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def ask_to_reopen(
        self, request: Request, visitor: Visitor, report_id: str, error: str = "", status: int = 200
    ) -> Response:
        """The confirmation that names the case."""
        case = await self._desk.case(report_id)
        return await self._page(request, visitor, case, "staff/reopen.html", status, error=error)

    async def reopen(self, request: Request, visitor: Visitor, report_id: str, form: CommandForm) -> Response:
        """Reopen the case and show it; a refusal is shown above the confirmation."""
        case, by = await self._desk.case(report_id), staff_of(visitor)
        try:
            answer = await reopen_case(self._desk.context, case.report_id, by, str(form.command_id))
        except Refused as refused:
            error = self._desk.error(request, refused)
            return await self.ask_to_reopen(request, visitor, report_id, error, refused.status)
        return self._desk.done(request, page_of(case.report_id), "reopened", case, answer)

    async def ask(
        self, request: Request, visitor: Visitor, report_id: str, is_desk: bool, typed: Typed
    ) -> Response:
        """The form with the operators who are here, or with the desks."""
        case, today = await self._desk.case(report_id), self._desk.context.clock().astimezone(ROME).date()
        here = [] if is_desk else await operators_here(self._desk.context, today)
        return await self._page(
            request,
            visitor,
            case,
            "staff/hand_off.html" if is_desk else "staff/assign.html",
            typed.status,
            desks=[route for route in DESKS if route is not case.route],
            operators=[(one.code, one.name) for one in here if one.code != case.operator],
            reasons=REASONS,
            typed=typed,
            errors=typed.errors,
        )

    async def move(
        self, request: Request, visitor: Visitor, report_id: str, is_desk: bool, form: MoveForm
    ) -> Response:
        """Move the case and show it; the form is shown again with what is missing or refused."""
        case = await self._desk.case(report_id)
        errors = self._missing(request, is_desk, form)
        status = 422
        if not errors:
            try:
                answer = await self._run(visitor, case, is_desk, form)
            except Refused as refused:
                errors, status = {"a": self._desk.error(request, refused)}, refused.status
            else:
                done = "handed-off" if is_desk else "reassigned"
                return self._desk.done(request, page_of(case.report_id), done, case, answer)
        typed = Typed(form.a, form.motivo, errors, status)
        return await self.ask(request, visitor, report_id, is_desk, typed)

    def _missing(self, request: Request, is_desk: bool, form: MoveForm) -> dict[str, str]:
        label = self._desk.site.language(request).label
        errors = {}
        if not form.a or (is_desk and form.a not in DESKS):
            errors["a"] = label("desk-error", "desk" if is_desk else "operator")
        if form.motivo not in REASONS:
            errors["motivo"] = label("desk-error", "reason")
        return errors

    async def _run(self, visitor: Visitor, case: Case, is_desk: bool, form: MoveForm) -> Answer:
        by, reason, command_id = staff_of(visitor), MoveReason(form.motivo), str(form.command_id)
        context = self._desk.context
        if is_desk:
            return await hand_off_case(context, case.report_id, Route(form.a), reason, by, command_id)
        return await reassign_case(context, case.report_id, form.a, reason, by, command_id)

    async def _page(
        self, request: Request, visitor: Visitor, case: Case, template: str, status: int, **values: object
    ) -> Response:
        people = await self._desk.people()
        return self._desk.site.page(
            request,
            template,
            status,
            reader=visitor,
            crumbs=self._desk.crumbs_of(request, visitor, case),
            case=case,
            row=self._desk.row(case),
            names=people.names,
            place_of=page_of(case.report_id),
            command_id=self._desk.new_id(),
            **values,
        )


def moves_router(desk: Desk) -> APIRouter:
    """The routes that reopen and move a case."""
    router, pages = APIRouter(prefix=HOME), MovePages(desk)
    _serve_reopening(router, pages, Depends(desk.guard()))
    for path, is_desk in (("affida", False), ("passa", True)):
        _serve_move(router, pages, path, is_desk, Depends(desk.guard()))
    return router


def _serve_reopening(router: APIRouter, pages: MovePages, staff: object) -> None:
    @router.get("/{report_id}/riapri")
    async def ask(request: Request, report_id: str, visitor: Annotated[Visitor, staff]) -> Response:
        return await pages.ask_to_reopen(request, visitor, report_id)

    @router.post("/{report_id}/riapri")
    async def reopen(
        request: Request,
        report_id: str,
        visitor: Annotated[Visitor, staff],
        form: Annotated[CommandForm, Form()],
    ) -> Response:
        return await pages.reopen(request, visitor, report_id, form)


def _serve_move(router: APIRouter, pages: MovePages, path: str, is_desk: bool, staff: object) -> None:
    @router.get(f"/{{report_id}}/{path}")
    async def ask(request: Request, report_id: str, visitor: Annotated[Visitor, staff]) -> Response:
        return await pages.ask(request, visitor, report_id, is_desk, Typed())

    @router.post(f"/{{report_id}}/{path}")
    async def move(
        request: Request,
        report_id: str,
        visitor: Annotated[Visitor, staff],
        form: Annotated[MoveForm, Form()],
    ) -> Response:
        return await pages.move(request, visitor, report_id, is_desk, form)
