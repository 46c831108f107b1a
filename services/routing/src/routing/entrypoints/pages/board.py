"""The board: the unresolved cases, each with a form that resolves it."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Response
from fastapi.responses import RedirectResponse
from pydantic import BaseModel

from chassis.errors import Refused
from chassis.ids import uuid7
from chassis.service import ServiceContext
from routing.app.resolve import resolve_case
from routing.domain.cases import Outcome, Status
from routing.entrypoints.api.cases import STAFF
from routing.entrypoints.pages import catalogue
from routing.entrypoints.pages.layout import HOME, Layout
from routing.queries.cases import CaseView, read_case, unresolved_cases
from webkit.login import Login, SessionGuard, Visitor

SHOWN = 100


class ResolutionForm(BaseModel):
    """The form below a case; `command_id` is created with the page, so that a second submit changes nothing."""

    command_id: UUID
    outcome: str = ""
    seal: str = ""


class Board:
    """The page of unresolved cases."""

    def __init__(self, context: ServiceContext, layout: Layout) -> None:
        self._context, self._layout = context, layout

    async def show(
        self, visitor: Visitor, error: str = "", resolved: str = "", status: int = 200
    ) -> Response:
        """The unresolved cases, below an error message, or a confirmation for the resolved case of this report."""
        clock = self._context.clock
        cases = await unresolved_cases(self._context, SHOWN)
        return self._layout.page(
            "cases.html",
            visitor,
            HOME,
            status,
            rows=[(case, uuid7(clock())) for case in cases],
            now=clock(),
            error=error,
            done=await self._resolved(resolved) if resolved else None,
            more=len(cases) == SHOWN,
        )

    async def _resolved(self, report_id: str) -> CaseView | None:
        """The case of a report, when it is resolved; the address is no proof that it is."""
        try:
            case = await read_case(self._context, report_id)
        except Refused:
            return None
        return case if case.status is Status.RESOLVED else None

    async def resolve(self, visitor: Visitor, report_id: str, form: ResolutionForm) -> Response:
        """Close a case and return to the board; a refusal is shown above the cases."""
        if form.outcome not in catalogue.OUTCOMES:
            return await self.show(visitor, catalogue.ERRORS["outcome"], status=422)
        try:
            await resolve_case(self._context, report_id, Outcome(form.outcome), form.command_id)
        except Refused as refusal:
            error = catalogue.ERRORS.get(refusal.slug, catalogue.ERRORS["other"])
            return await self.show(visitor, error, status=refusal.status)
        return RedirectResponse(f"{HOME}?fatto={report_id}", 303)


def board_router(context: ServiceContext, login: Login, layout: Layout) -> APIRouter:
    """The routes of the board, for operators and coordinators."""
    router, board = APIRouter(), Board(context, layout)
    guard = SessionGuard(context, login, STAFF, lambda _: layout.notice)

    @router.get(HOME)
    async def show_cases(visitor: Annotated[Visitor, Depends(guard)], fatto: str = "") -> Response:
        return await board.show(visitor, resolved=fatto[:36])

    @router.post(f"{HOME}/{{report_id}}/risolto")
    async def resolve(
        report_id: UUID,
        visitor: Annotated[Visitor, Depends(guard)],
        form: Annotated[ResolutionForm, Form()],
    ) -> Response:
        return await board.resolve(visitor, str(report_id), form)

    return router
