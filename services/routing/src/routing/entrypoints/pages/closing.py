"""Closing a case in two steps: the outcome, then a confirmation that names the case."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated
from urllib.parse import quote
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import BaseModel

from chassis.errors import Refused
from routing.app.close import begin_closing
from routing.domain.cases import Outcome
from routing.entrypoints.pages.desk import HOME, Desk, page_of, staff_of
from webkit.login import Visitor

# How staff can close a case; only the tenant withdraws.
OUTCOMES = {outcome.value: outcome for outcome in Outcome if outcome is not Outcome.WITHDRAWN}


class ClosingForm(BaseModel):
    """The confirmation; its id is made with the page, so that a second submit changes nothing."""

    command_id: UUID
    esito: str = ""


@dataclass(frozen=True)
class Chosen:
    """The outcome so far, and what is wrong."""

    outcome: str = ""
    errors: Mapping[str, str] = field(default_factory=dict)
    status: int = 200


class ClosingPages:
    """The two steps of a closing."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def ask(self, request: Request, visitor: Visitor, report_id: str) -> Response:
        """The first step, or the second when the address has the outcome; a case that is closed or closing is shown."""
        case = await self._desk.case(report_id)
        if case.outcome is not None or case.closing is not None:
            return RedirectResponse(page_of(case.report_id), 303)
        if "esito" not in request.query_params:
            return await self._step(request, visitor, report_id, Chosen())
        return await self._step(request, visitor, report_id, self._chosen(request))

    async def close(self, request: Request, visitor: Visitor, report_id: str, form: ClosingForm) -> Response:
        """Begin the closing and return to the case, where it can be undone; a refusal is shown above the step."""
        if form.esito not in OUTCOMES:
            return await self._step(request, visitor, report_id, self._missing(request))
        case = await self._desk.case(report_id)
        outcome, by = OUTCOMES[form.esito], staff_of(visitor)
        try:
            answer = await begin_closing(
                self._desk.context, case.report_id, outcome, by, self._desk.undo, str(form.command_id)
            )
        except Refused as refused:
            errors = {"esito": self._desk.error(request, refused)}
            chosen = Chosen(form.esito, errors, refused.status)
            return await self._step(request, visitor, report_id, chosen)
        return self._desk.done(request, page_of(case.report_id), "closing-begun", case, answer)

    def _chosen(self, request: Request) -> Chosen:
        outcome = request.query_params["esito"]
        return Chosen(outcome) if outcome in OUTCOMES else self._missing(request)

    def _missing(self, request: Request) -> Chosen:
        text = self._desk.site.language(request).label("desk-error", "outcome")
        return Chosen(errors={"esito": text}, status=422)

    async def _step(self, request: Request, visitor: Visitor, report_id: str, chosen: Chosen) -> Response:
        case = await self._desk.case(report_id)
        here = f"{page_of(case.report_id)}/chiudi?esito={chosen.outcome}"
        return self._desk.site.page(
            request,
            "staff/close.html",
            chosen.status,
            reader=visitor,
            crumbs=self._desk.crumbs_of(request, visitor, case),
            row=self._desk.row(case),
            case=case,
            place_of=page_of(case.report_id),
            outcome=chosen.outcome,
            outcomes=tuple(OUTCOMES),
            answer_place=f"/segnalazioni/{case.report_id}/risposta?torna={quote(here, safe='')}",
            undo_seconds=int(self._desk.undo.total_seconds()),
            errors=chosen.errors,
            command_id=self._desk.new_id(),
        )


def closing_router(desk: Desk) -> APIRouter:
    """The routes of a closing."""
    router, pages, staff = APIRouter(prefix=HOME), ClosingPages(desk), Depends(desk.guard())

    @router.get("/{report_id}/chiudi")
    async def ask(request: Request, report_id: str, visitor: Annotated[Visitor, staff]) -> Response:
        return await pages.ask(request, visitor, report_id)

    @router.post("/{report_id}/chiudi")
    async def close(
        request: Request,
        report_id: str,
        visitor: Annotated[Visitor, staff],
        form: Annotated[ClosingForm, Form()],
    ) -> Response:
        return await pages.close(request, visitor, report_id, form)

    return router
